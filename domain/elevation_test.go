package domain

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestElevationPolicy_AsksWhomTheModeNames(t *testing.T) {
	sensitive, enrols := ElevationDemand{Sensitive: true}, ElevationDemand{Sensitive: true, Enrols: true}
	ofMFA := ElevationDemand{Sensitive: true, MFA: true, Enrols: true}
	type verdict struct{ demanded, undecided bool }
	no, yes, factors := verdict{}, verdict{demanded: true}, verdict{undecided: true}
	for _, c := range []struct {
		policy ElevationPolicy
		op     ElevationDemand
		want   verdict
	}{
		{ElevationPolicy{}, sensitive, no},
		{ElevationPolicy{Mode: ElevationDisabled}, sensitive, no},
		{ElevationPolicy{Mode: ElevationDisabled, MFA: true}, ofMFA, no},
		{ElevationPolicy{Mode: ElevationRecommended}, ElevationDemand{}, no},
		{ElevationPolicy{Mode: ElevationRecommended}, sensitive, factors},
		{ElevationPolicy{Mode: ElevationRecommended}, enrols, factors},
		{ElevationPolicy{Mode: ElevationRecommended}, ofMFA, no},
		{ElevationPolicy{Mode: ElevationRecommended, MFA: true}, ofMFA, factors},
		{ElevationPolicy{Mode: ElevationRequired}, ElevationDemand{}, no},
		{ElevationPolicy{Mode: ElevationRequired}, sensitive, yes},
		{ElevationPolicy{Mode: ElevationRequired}, enrols, factors},
		{ElevationPolicy{Mode: ElevationRequired}, ofMFA, no},
		{ElevationPolicy{Mode: ElevationRequired, MFA: true}, ofMFA, factors},
	} {
		demanded, undecided := c.policy.Demands(c.op)
		require.Equal(t, c.want, verdict{demanded, undecided}, c)
	}
}

func TestElevationPolicy_TOTPCountsOnlyWhereItTakesPart(t *testing.T) {
	key, totp := SecondFactors{SecurityKey: true}, SecondFactors{TOTP: true}
	for policy, want := range map[ElevationPolicy][3]bool{{}: {false, true, false}, {MFA: true}: {false, true, true}} {
		require.Equal(t, want, [3]bool{policy.CanElevate(SecondFactors{}), policy.CanElevate(key), policy.CanElevate(totp)})
	}
}
