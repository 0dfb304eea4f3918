// Preloaded into the CDK CLI when it deploys to the local AWS.
//
// The CLI asks a stack's state every two to five seconds, which suits a service that takes minutes.
// Ours answers in milliseconds, so waiting is most of a local deployment. Only waits of that length
// are shortened; timeouts (longer) and everything else stay as they are.
const wait = globalThis.setTimeout;
globalThis.setTimeout = (callback, milliseconds, ...rest) =>
  wait(callback, milliseconds >= 1000 && milliseconds <= 5000 ? 100 : milliseconds, ...rest);
