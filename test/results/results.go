package results

import (
	"fmt"
	"os"
	"strings"
)

// Write puts text, which is Markdown, in place of what stands in file between the marks of a section:
//
//	<!-- soak: written by `make soak` -->
//	<!-- soak: end -->
//
// The opening mark may say more after the name. It is an error when the file has no such section, or several.
func Write(file, section, text string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	written, err := replace(string(page), section, text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(written), 0o644)
}

func replace(page, section, text string) (string, error) {
	open, end := "<!-- "+section+": ", "<!-- "+section+": end -->"
	if strings.Count(page, end) != 1 || strings.Count(page, open) != 2 {
		return "", fmt.Errorf("it needs one section %q between %q and %q", section, open+"… -->", end)
	}
	before, rest, _ := strings.Cut(page, open)
	mark, rest, _ := strings.Cut(rest, "\n")
	_, after, found := strings.Cut(rest, end)
	if !found {
		return "", fmt.Errorf("section %q ends before it begins", section)
	}
	return before + open + mark + "\n\n" + strings.TrimSpace(text) + "\n\n" + end + after, nil
}
