package bunstore

// SearchUsers is the statement of a search, for the test that looks at its plan.
var SearchUsers = searchUsers
