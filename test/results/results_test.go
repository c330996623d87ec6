package results

import (
	"os"
	"path/filepath"
	"testing"
)

const page = "# Page\n\n<!-- soak: written by `make soak` -->\nold\n<!-- soak: end -->\n\n<!-- fuzz: by another -->\n<!-- fuzz: end -->\n"

func TestWrite_ReplacesOneSectionAndNothingElse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time over what the first wrote
		if err := Write(file, "soak", "| new |\n"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := "# Page\n\n<!-- soak: written by `make soak` -->\n\n| new |\n\n<!-- soak: end -->\n\n<!-- fuzz: by another -->\n<!-- fuzz: end -->\n"
	if string(got) != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestWrite_RefusesAPageWithoutTheSection(t *testing.T) {
	for name, text := range map[string]string{
		"none":      "# Page\n",
		"no end":    "<!-- soak: -->\n",
		"backwards": "<!-- soak: end -->\n<!-- soak: by -->\n",
		"twice":     page + page,
	} {
		if got, err := replace(text, "soak", "new"); err == nil {
			t.Errorf("%s: written as %q", name, got)
		}
	}
}
