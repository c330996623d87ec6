// Package usecase_test states the product's behaviour: one sentence a test, on SQLite and, where the database has a
// part in it, on PostgreSQL. Files are named after what a user does. The parts come wired from test/kit.
package usecase_test
