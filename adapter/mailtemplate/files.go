package mailtemplate

import (
	"fmt"
	"strings"
)

// The files of a template.
const (
	subjectFile  = "subject.txt"
	bodyHTMLFile = "body.html"
	bodyTextFile = "body.txt"
)

// files are the contents of a template's folder; "" is a file that isn't there.
type files struct {
	subject, bodyHTML, bodyText string
}

// byName returns the files that are there.
func (f files) byName() map[string]string {
	present := map[string]string{}
	for name, content := range map[string]string{subjectFile: f.subject, bodyHTMLFile: f.bodyHTML, bodyTextFile: f.bodyText} {
		if content != "" {
			present[name] = content
		}
	}
	return present
}

// parse makes the files ready for use. The error begins with the name of the broken file.
func (f files) parse() (entry, error) {
	result := entry{files: f}
	text := f.bodyText
	if f.bodyHTML == "" { // an SMS, in which every character counts
		text = strings.TrimSpace(text)
	}
	if text == "" {
		var err error
		if text, err = plainText(f.bodyHTML); err != nil {
			return entry{}, fmt.Errorf("%s: %w", bodyHTMLFile, err)
		}
	}
	for _, part := range []struct {
		name, content string
		html          bool
		into          *document
	}{
		{subjectFile, strings.TrimSpace(f.subject), false, &result.subject},
		{bodyHTMLFile, f.bodyHTML, true, &result.html},
		{bodyTextFile, text, false, &result.text},
	} {
		var err error
		if *part.into, err = parse(part.content, part.html); err != nil {
			return entry{}, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return result, nil
}
