// Package mailbox is where mails and SMS go in development: nobody gets them, the developer reads them in the browser or a test
// reads them as JSON. It keeps the newest of them in memory, and serves
//
//	GET    prefix            the page: what came in, as it comes in, with its link or code one click away
//	GET    prefix/messages   the same as JSON, newest first; ?to= narrows it to one recipient
//	DELETE prefix/messages   empties it; so does DELETE prefix
//
// What lies here signs people in, therefore only development mode mounts it, and the handler does not rely on that alone. It
// answers nobody but this machine: the peer's address must be loopback, the request must not have come through a proxy, the Host
// must be a name that no foreign DNS server can point here (DNS rebinding), and scripts of other origins may neither read nor
// delete. Mails are shown in a frame that runs no scripts and loads nothing; everything else they contain is set as text.
//
// What belongs here is what shows a mail to a developer. What a mail says is decided by the templates.
package mailbox
