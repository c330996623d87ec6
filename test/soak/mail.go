package main

import (
	"context"
	"errors"
	"io"
	"log"
	"mime"
	"net"
	"net/mail"
	"sync"

	smtp "github.com/emersion/go-smtp"
)

// letter is a mail that was accepted.
type letter struct {
	to, id, link, ticket string
}

// mailServer is an SMTP server that keeps what it takes. It runs from the first to the last moment.
type mailServer struct {
	address net.TCPAddr
	inner   *smtp.Server

	mu      sync.Mutex
	letters map[string][]letter // by recipient
	waiting map[string]chan letter
}

func startMailServer() (*mailServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &mailServer{address: *listener.Addr().(*net.TCPAddr), letters: map[string][]letter{}, waiting: map[string]chan letter{}}
	s.inner = smtp.NewServer(s)
	s.inner.Domain, s.inner.ErrorLog = "mx.example.net", log.New(io.Discard, "", 0)
	go func() { _ = s.inner.Serve(listener) }()
	return s, nil
}

// expect returns where the first mail to an address will arrive.
func (s *mailServer) expect(address string) <-chan letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	arrival := make(chan letter, 1)
	s.waiting[address] = arrival
	return arrival
}

var errNoMail = errors.New("no mail has come yet")

// await returns what arrives, or an error when ctx ends first.
func await(ctx context.Context, arrival <-chan letter) (letter, error) {
	select {
	case l := <-arrival:
		return l, nil
	case <-ctx.Done():
		return letter{}, errNoMail
	}
}

// received returns all letters.
func (s *mailServer) received() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []letter
	for _, letters := range s.letters {
		all = append(all, letters...)
	}
	return all
}

// NewSession implements smtp.Backend.
func (s *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) { return mailSession{s}, nil }

type mailSession struct{ server *mailServer }

func (mailSession) Reset()                               {}
func (mailSession) Logout() error                        { return nil }
func (mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (mailSession) Rcpt(string, *smtp.RcptOptions) error { return nil }

// Data implements smtp.Session.
func (m mailSession) Data(content io.Reader) error {
	message, err := mail.ReadMessage(content)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, message.Body); err != nil {
		return err
	}
	to, err := message.Header.AddressList("To")
	if err != nil {
		return err
	}
	l := letter{to: to[0].Address, id: message.Header.Get("Message-Id")}
	for name, into := range map[string]*string{"X-Link": &l.link, "X-Ticket": &l.ticket} {
		if *into, err = (&mime.WordDecoder{}).DecodeHeader(message.Header.Get(name)); err != nil {
			return err
		}
	}
	s := m.server
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters[l.to] = append(s.letters[l.to], l)
	if arrival := s.waiting[l.to]; arrival != nil {
		arrival <- l
		delete(s.waiting, l.to)
	}
	return nil
}
