package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMixture_SharesAThousandRequestsOut(t *testing.T) {
	chosen := map[string]int{}
	for n := range 1000 {
		chosen[mixture()[choose(n)].name]++
	}
	for _, p := range mixture() {
		require.Equal(t, p.weight, chosen[p.name], p.name)
		operation(p.name) // panics where there is none
	}
}

func TestSubjects_AreEachMeasuredOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range subjects() {
		require.False(t, seen[s.operation.Name], s.operation.Name)
		require.False(t, s.operation.Once && s.calls == 0, "%s has no end", s.operation.Name)
		seen[s.operation.Name] = true
	}
}

func TestVisitors_NeverVisitAsTheSameUser(t *testing.T) {
	for _, size := range []int{10, 999} {
		visitedBy := map[int]int{}
		for i, v := range (&population{size: size}).visitors(3, 10) {
			for range 100 {
				n := v.pick()
				require.True(t, 1 <= n && n <= size, n)
				if by, visited := visitedBy[n]; visited {
					require.Equal(t, by, i, n)
				}
				visitedBy[n] = i
			}
		}
		require.Len(t, visitedBy, 10)
	}
}

func TestFromSupply_EndsWhenAllIsSpent(t *testing.T) {
	made := 0
	do := fromSupply([]func() error{func() error { made++; return nil }, func() error { made++; return nil }})
	require.NoError(t, do())
	require.NoError(t, do())
	require.ErrorIs(t, do(), errSpent)
	require.Equal(t, 2, made)
}
