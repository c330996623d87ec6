// Package redistest starts Redis servers for tests: one in the test's own process (miniredis), and a real redis-server or
// valkey-server where one is installed (install.sh). Tests run on each of them; only tests import it.
package redistest
