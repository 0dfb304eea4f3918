package config

// Validate finds every fault there is in the project of root: in environments, contracts and SQL, and between them.
// The configuration is complete if faults.Err() is nil; faults stand in the order of files and lines.
// The error says that the project can't be read at all.
func Validate(root string) (*Config, Faults, error) {
	var faults Faults
	config, err := load(root, &faults)
	if err != nil {
		return nil, nil, err
	}
	checkBuilt(root, &faults)
	if err := checkSQL(root, config, &faults); err != nil {
		return nil, nil, err
	}
	faults.sort()
	return config, faults.merge(), nil
}

// Load reads and checks environments and contracts, but no SQL: what verbs need that run what is deployed.
// The error, of type Faults, names every mistake there is.
func Load(root string) (*Config, error) {
	var faults Faults
	config, err := load(root, &faults)
	if err != nil {
		return nil, err
	}
	return config, faults.Err()
}
