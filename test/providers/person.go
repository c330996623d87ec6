package providers

import "fmt"

// Attestation is what a provider says about an address. A provider that has no word for it says nothing.
type Attestation int

// The attestations.
const (
	Absent    Attestation = iota // nothing
	Yes                          // true, in the provider's own way
	No                           // false, in the provider's own way
	TextTrue                     // the string "true" where a boolean belongs
	TextFalse                    // the string "false" where a boolean belongs
	Number                       // 1 where a boolean belongs
)

// flag is the attestation as a JSON value; nil when there is none.
func (a Attestation) flag() any {
	return map[Attestation]any{Yes: true, No: false, TextTrue: "true", TextFalse: "false", Number: 1}[a]
}

// UnmarshalText reads an attestation by name, for tests in other languages.
func (a *Attestation) UnmarshalText(name []byte) error {
	names := map[string]Attestation{"absent": Absent, "yes": Yes, "no": No, "text true": TextTrue, "text false": TextFalse, "number": Number}
	named, known := names[string(name)]
	if !known {
		return fmt.Errorf("there is no attestation %q", name)
	}
	*a = named
	return nil
}

// Address is an address where a provider has lists of them.
type Address struct {
	Email    string
	Primary  bool
	Attested Attestation
}

// Person is a user of a provider. The zero value of a field means that the provider doesn't tell it.
type Person struct {
	ID       string // "" for one of the form that the provider has; numeric where the provider's are
	Email    string
	Attested Attestation
	Others   []Address // github, bitbucket: they stand behind Email, which is the primary one
	Name     string
	Login    string // github: the login; discord: the user name
	Picture  string // an address; discord: the hash
}
