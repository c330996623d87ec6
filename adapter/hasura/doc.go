// Package hasura speaks to a Hasura GraphQL engine, version 2, as its administrator.
//
// Claims is a port.CustomClaims: it asks GraphQL for what paths lead to. Metadata makes the tables of the schema auth known to Hasura,
// under the names that apps which come from hasura-auth count on, and leaves alone whatever else is there.
//
// Hasura's address and secret come from the operator. No redirect is followed, because the secret would go along, and neither the
// secret nor what Hasura says about data gets into an error.
package hasura
