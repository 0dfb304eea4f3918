package kernelenv

import "testing"

func TestTheKernelUnpacksIntoTheProjectsCache(t *testing.T) {
	for _, c := range []struct{ named, base, home, want string }{
		{"/elsewhere", "/base", "/me", "/elsewhere/jsii"},
		{"", "/base", "/me", "/base/lakeshift/jsii"},
		{"", "", "/me", "/me/.cache/lakeshift/jsii"},
		{"", "", "", ""},
	} {
		t.Setenv("HOME", c.home)
		t.Setenv("LAKESHIFT_CACHE", c.named)
		t.Setenv("XDG_CACHE_HOME", c.base)
		if got := cache("/jsii"); got != c.want {
			t.Errorf("cache = %q with LAKESHIFT_CACHE=%q, XDG_CACHE_HOME=%q and HOME=%q, want %q", got, c.named, c.base, c.home, c.want)
		}
	}
}
