package domain

import "slices"

// Webhook is somebody who wants to be told of events.
type Webhook struct {
	Name    string        // what the receiver is called: its URL can be a secret
	Filters []EventFilter // empty: every event
}

// Wants tells whether events of that kind are to be told.
func (w Webhook) Wants(kind EventKind) bool {
	return len(w.Filters) == 0 || slices.ContainsFunc(w.Filters, func(f EventFilter) bool { return f.Chooses(kind) })
}

// Message returns what tells of an event. id is the message's, by which its receiver knows a repetition.
func (w Webhook) Message(id string, event Event) Message {
	return Message{ID: id, Template: TemplateWebhook, To: w.Name, Event: &event}
}
