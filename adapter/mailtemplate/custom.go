package mailtemplate

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/hexauth/hexauth/domain"
)

// maxFileSize is how many bytes a file of a custom template may have.
const maxFileSize = 1 << 20

// loadCustom reads the operator's templates, <locale>/<template>/. Folders with other names than those of the templates are
// left alone, so are hidden ones. Links are followed: that is how a volume of Kubernetes is made.
func loadCustom(dir string) (map[key]entry, error) {
	if dir == "" {
		return nil, nil
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("custom mail templates: %w", err)
	}
	var (
		entries = map[key]entry{}
		broken  []error
	)
	for _, name := range names {
		locale := name.Name()
		if strings.HasPrefix(locale, ".") {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, locale))
		if err != nil {
			broken = append(broken, fmt.Errorf("custom mail template %w", err))
			continue
		}
		if !info.IsDir() {
			continue
		}
		for _, template := range allTemplates() {
			found, present, err := loadFolder(filepath.Join(dir, locale, string(template)), template)
			if err != nil {
				broken = append(broken, fmt.Errorf("custom mail template %w", err))
			}
			if present {
				entries[key{locale, template}] = found
			}
		}
	}
	return entries, errors.Join(broken...)
}

// loadFolder reads one template. It isn't present when none of its files is. Errors begin with the file's path.
func loadFolder(folder string, template domain.Template) (found entry, present bool, err error) {
	var content files
	parts := []struct {
		name     string
		into     *string
		required bool
	}{
		{subjectFile, &content.subject, true}, {bodyHTMLFile, &content.bodyHTML, true}, {bodyTextFile, &content.bodyText, false},
	}
	if template == domain.TemplateSignInSMS {
		parts = parts[2:]
	}
	var broken, missing []error
	absent := 0
	for _, part := range parts {
		path := filepath.Join(folder, part.name)
		text, err := readFile(path)
		switch {
		case !errors.Is(err, fs.ErrNotExist):
			broken = append(broken, err) // which may be nil
		case part.required:
			missing = append(missing, fmt.Errorf("%s is missing", path))
			fallthrough
		default:
			absent++
		}
		*part.into = text
	}
	if absent == len(parts) {
		return entry{}, false, nil
	}
	if err := errors.Join(append(broken, missing...)...); err != nil {
		return entry{}, false, err
	}
	if found, err = content.parse(); err != nil {
		return entry{}, false, fmt.Errorf("%s%c%w", folder, filepath.Separator, err)
	}
	return found, true, nil
}

// readFile returns the file's text without a byte order mark. Errors name the path; a file that isn't there is
// fs.ErrNotExist.
func readFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFileSize+1))
	if err != nil {
		return "", err
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	switch {
	case len(data) > maxFileSize:
		return "", fmt.Errorf("%s is larger than 1 MiB", path)
	case !utf8.ValidString(text):
		return "", fmt.Errorf("%s is not UTF-8", path)
	case strings.TrimSpace(text) == "":
		return "", fmt.Errorf("%s is empty", path)
	}
	return text, nil
}
