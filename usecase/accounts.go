package usecase

import (
	"context"
	"errors"
	"fmt"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// actingUser returns the account of an access token's bearer if it may still be acted upon: a token outlives what happens to
// its account for a quarter of an hour. The codes are those of domain.SignInPolicy.MayAct, and InvalidEmailPassword when the
// account is gone.
func actingUser(ctx context.Context, users port.Users, policy domain.SignInPolicy, bearer domain.UserID) (domain.User, error) {
	user, err := users.ByID(ctx, bearer)
	if errors.Is(err, port.ErrNotFound) {
		return domain.User{}, domain.InvalidEmailPassword
	}
	if err != nil {
		return domain.User{}, err
	}
	return user, policy.MayAct(user)
}

// claim notes that whoever is here receives mail at the account's address. Where addresses must be verified, the first who does
// is its owner, and whoever made the account may have been somebody else: what they set is removed, so that nobody keeps a way
// into an account that they made for another's address. The owner has lost nothing by it: the account could not be used before.
// port.ErrNotFound: the account is gone or has another address.
func claim(ctx context.Context, repos *change, policy domain.SignInPolicy, id domain.UserID, email domain.Email) error {
	user, err := repos.Users().ByID(ctx, id)
	if err != nil {
		return err
	}
	if policy.RequireVerified && !user.EmailVerified {
		if err := repos.Users().Claim(ctx, id); err != nil {
			return err
		}
		repos.note(ctx, domain.Event{Kind: domain.UserClaimed, UserID: id})
	}
	if !user.EmailVerified {
		repos.note(ctx, domain.Event{Kind: domain.EmailVerified, UserID: id})
	}
	return repos.Users().MarkEmailVerified(ctx, id, email)
}

// elevated answers ElevatedClaimRequired when an operation asks for more than the bearer's token is, and Unauthorized when the
// token's session has ended and the operation is sensitive or asks for an open one. Access tokens outlive their session for a quarter
// of an hour; nobody who was thrown out of an account may use that time to make a new way into it. Tokens of the peer name no session.
// The user's factors are looked up only where the answer depends on them.
func elevated(ctx context.Context, store port.Repos, policy domain.ElevationPolicy, bearer domain.Claims, op domain.ElevationDemand) error {
	if (op.Sensitive || op.Open) && bearer.SessionID != "" {
		ended, err := store.Sessions().HasEnded(ctx, bearer.Subject, bearer.SessionID)
		if err != nil {
			return err
		}
		if ended {
			return fmt.Errorf("%w: the session has ended", domain.Unauthorized)
		}
	}
	demanded, undecided := policy.Demands(op)
	if bearer.Elevated || !demanded && !undecided {
		return nil
	}
	if undecided {
		factors, err := store.Users().SecondFactors(ctx, bearer.Subject)
		if err != nil {
			return err
		}
		demanded = policy.CanElevate(factors)
	}
	if demanded {
		return domain.ElevatedClaimRequired
	}
	return nil
}

// Enrolment creates accounts that somebody asks for by an address of their own.
type Enrolment struct {
	Store    port.Store
	Sessions Sessions
	Policy   domain.SignUpPolicy
	Tickets  Tickets
}

// create stores a new account. It returns the first session, or nil when the address must be verified first: then a mail goes to it
// whose link leads to redirectTo. Errors: EmailAlreadyInUse, DisabledUser (the account was created, but disabled).
func (e Enrolment) create(ctx context.Context, account port.NewUser, redirectTo, codeChallenge string) (*Session, error) {
	account.CreatedAt = e.Sessions.Clock.Now()
	if account.Disabled {
		return nil, firstError(e.insert(ctx, account), domain.DisabledUser)
	}
	if e.Policy.RequireVerified {
		ticket, message := e.Tickets.link(forLink{domain.TicketVerifyEmail, account.User, account.Email, redirectTo, codeChallenge})
		account.Ticket, account.Message = &ticket, &message
		return nil, e.insert(ctx, account)
	}
	o, record := e.Sessions.prepare(ctx, account.User)
	account.Session = &record
	if err := e.insert(ctx, account); err != nil {
		return nil, err
	}
	session, err := e.Sessions.issue(ctx, o)
	if err != nil {
		return nil, err
	}
	return &session, nil
}

func (e Enrolment) insert(ctx context.Context, account port.NewUser) error {
	err := e.Sessions.Audit.create(ctx, e.Store.Users(), account, domain.ActorUser)
	if errors.Is(err, port.ErrTaken) {
		return domain.EmailAlreadyInUse
	}
	return err
}

// ticketError translates what is not, or no longer, there.
func ticketError(err error) error {
	if errors.Is(err, port.ErrNotFound) {
		return domain.InvalidTicket
	}
	return err
}

// firstError returns err or, when all went well, what the client must be told all the same.
func firstError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// PasswordChecks says which new passwords are good enough.
type PasswordChecks struct {
	Policy   domain.PasswordPolicy
	Breached port.BreachedPasswords
	FailOpen bool // let a password pass when nobody can be asked
}

// check answers PasswordTooShort, PasswordInHIBPDatabase, what domain.PasswordPolicy answers besides, or nil.
func (c PasswordChecks) check(ctx context.Context, field, password string) error {
	if err := c.Policy.Check(field, password); err != nil {
		return err
	}
	known, err := c.Breached.Contains(ctx, password)
	switch {
	case err != nil && !c.FailOpen:
		return fmt.Errorf("%w: %w", domain.InternalServerError, err)
	case err == nil && known:
		return domain.PasswordInHIBPDatabase
	}
	return nil
}

// ProviderSignIn lets in somebody whom a provider knows: the user to whom the identity belongs, else the user who has the address
// that the provider attests, else a new one.
//
// An address that the provider does not attest, explicitly, proves nothing: it never leads to an existing account. An account
// whose address nobody has verified yet may have been made by somebody else; whoever brings the address attested takes it over,
// and what its maker had set is gone (see port.Users.Claim).
type ProviderSignIn struct {
	Store    port.Store
	Sessions Sessions
	Tickets  Tickets
	SignUp   domain.SignUpPolicy
	SignIn   domain.SignInPolicy
	AutoOff  bool // AUTH_DISABLE_AUTO_SIGNUP: signing in creates no account
}

// arrival is somebody who came from a provider.
type arrival struct {
	identity      domain.ProviderIdentity
	tokens        *domain.ProviderTokens // nil: none came along
	flow          domain.ProviderFlow
	options       domain.SignUpOptions
	codeChallenge string
}

// admission is what becomes of an arrival: a session or the ticket for a second step, a code for either, or nothing while a mail is
// on its way. refusal is what the client must be told although the account was created.
type admission struct {
	admitted
	code    domain.PKCECode
	refusal error
}

// errOvertaken says that another request changed what this one had read.
var errOvertaken = fmt.Errorf("%w: somebody was faster", port.ErrTaken)

// enterAttempts is how often an arrival looks again at who it is. Each time another one has just finished.
const enterAttempts = 3

// enter does all there is to do in one transaction. Of several arrivals of one new identity one creates the account and the
// others find it.
func (p ProviderSignIn) enter(ctx context.Context, a arrival) (got admission, err error) {
	if !a.identity.Usable() {
		return admission{}, fmt.Errorf("%w: the provider's id of the user is empty or too long", domain.OAuthProfileFetchFailed)
	}
	for range enterAttempts {
		err = p.Sessions.Audit.change(ctx, p.Store, func(ctx context.Context, repos *change) (err error) {
			got, err = p.admit(ctx, repos, a)
			return err
		})
		if !errors.Is(err, port.ErrTaken) {
			break
		}
	}
	switch {
	case errors.Is(err, port.ErrTaken):
		return admission{}, fmt.Errorf("%w: %w", domain.ProviderAccountAlreadyLinked, err)
	case err != nil:
		return admission{}, err
	}
	return got, got.refusal
}

func (p ProviderSignIn) admit(ctx context.Context, repos *change, a arrival) (admission, error) {
	user, err := repos.ProviderLinks().Owner(ctx, a.identity)
	if err == nil {
		return p.admitOwner(ctx, repos, user, a)
	}
	if errors.Is(err, port.ErrNotFound) && a.identity.Email != "" {
		if user, err = repos.Users().ByEmail(ctx, a.identity.Email); err == nil {
			return p.admitByEmail(ctx, repos, user, a)
		}
	}
	if !errors.Is(err, port.ErrNotFound) {
		return admission{}, err
	}
	return p.create(ctx, repos, a)
}

// admitOwner lets in the user to whom the identity belongs.
func (p ProviderSignIn) admitOwner(ctx context.Context, repos port.Repos, user domain.User, a arrival) (admission, error) {
	if a.flow == domain.ProviderSignUp {
		return admission{}, domain.EmailAlreadyInUse
	}
	if err := p.SignIn.MaySignIn(user); err != nil {
		return admission{}, err
	}
	if a.tokens != nil {
		if err := repos.ProviderLinks().KeepTokens(ctx, a.identity, *a.tokens, p.Sessions.Clock.Now()); err != nil {
			return admission{}, overtaken(err)
		}
	}
	return p.begin(ctx, repos, user, a)
}

// admitByEmail links the identity to the user who has its address, and lets the user in.
func (p ProviderSignIn) admitByEmail(ctx context.Context, repos *change, user domain.User, a arrival) (admission, error) {
	if a.flow == domain.ProviderSignUp {
		return admission{}, domain.EmailAlreadyInUse
	}
	verified := user
	verified.EmailVerified = true
	if err := p.SignIn.MaySignIn(verified); err != nil {
		return admission{}, err
	}
	if !a.identity.EmailVerified {
		return admission{}, fmt.Errorf("%w: the provider does not attest the address", domain.UnverifiedUser)
	}
	if !user.EmailVerified {
		if err := repos.Users().Claim(ctx, user.ID); err != nil {
			return admission{}, err
		}
		verified.PasswordHash, verified.ActiveMFA = "", domain.NoMFA
		repos.note(ctx, domain.Event{Kind: domain.UserClaimed, UserID: user.ID})
	}
	// The link before the user: who comes in with a link locks them in that order.
	if err := repos.ProviderLinks().Add(ctx, p.link(user.ID, a)); err != nil {
		return admission{}, overtaken(err)
	}
	if err := repos.Users().MarkEmailVerified(ctx, user.ID, a.identity.Email); err != nil {
		return admission{}, overtaken(err)
	}
	repos.note(ctx, domain.Event{Kind: domain.ProviderLinked, UserID: user.ID, Target: a.identity.Provider})
	return p.begin(ctx, repos, verified, a)
}

// create makes an account. Where addresses must be verified and the provider does not attest this one, its owner has to answer a
// mail first.
func (p ProviderSignIn) create(ctx context.Context, repos *change, a arrival) (admission, error) {
	profile, err := p.profile(a)
	if err != nil {
		return admission{}, err
	}
	user := p.SignUp.WithIdentity(domain.UserID(p.Sessions.Random.UUID()), a.identity, profile)
	user.CreatedAt = p.Sessions.Clock.Now()
	link := p.link(user.ID, a)
	account := port.NewUser{User: user, Link: &link}
	repos.note(ctx, createdEvent(account, domain.ActorUser))
	switch {
	case user.Disabled:
		return admission{refusal: domain.DisabledUser}, repos.Users().Insert(ctx, account)
	case p.SignUp.RequireVerified && user.Email != "" && !user.EmailVerified:
		if err := p.SignUp.MayLink(profile.RedirectTo); err != nil {
			return admission{}, err
		}
		ticket, message := p.Tickets.link(forLink{domain.TicketVerifyEmail, user, user.Email, profile.RedirectTo, a.codeChallenge})
		account.Ticket, account.Message = &ticket, &message
		return admission{}, repos.Users().Insert(ctx, account)
	case a.codeChallenge != "":
		if err := repos.Users().Insert(ctx, account); err != nil {
			return admission{}, err
		}
		return p.begin(ctx, repos, user, a)
	}
	o, record := p.Sessions.prepare(ctx, user)
	account.Session = &record
	return admission{admitted: admitted{opened: &o}}, repos.Users().Insert(ctx, account)
}

// profile applies the rules for new accounts in the order of the API.
func (p ProviderSignIn) profile(a arrival) (domain.Profile, error) {
	if a.flow == domain.ProviderSignIn && p.AutoOff {
		return domain.Profile{}, domain.InvalidEmailPassword
	}
	if err := p.SignUp.MaySignUp(); err != nil {
		return domain.Profile{}, err
	}
	if a.identity.Email != "" {
		if err := p.SignUp.MayUseEmail(a.identity.Email); err != nil {
			return domain.Profile{}, err
		}
	}
	return p.SignUp.Resolve(a.options, a.identity.DisplayName())
}

// begin gives an existing user a session, or the ticket for a second step, or, to an app that gave a challenge, a code for either.
func (p ProviderSignIn) begin(ctx context.Context, repos port.Repos, user domain.User, a arrival) (admission, error) {
	if a.codeChallenge != "" {
		id := domain.SessionID(p.Sessions.Random.UUID())
		code, err := p.Sessions.code(ctx, repos.PKCECodes(), user.ID, id, a.codeChallenge, a.options.RedirectTo)
		return admission{code: code}, overtaken(err)
	}
	got, err := p.Sessions.admit(ctx, repos, user, domain.ByPossession, p.Sessions.newID())
	return admission{admitted: got}, overtaken(err)
}

func (p ProviderSignIn) link(user domain.UserID, a arrival) domain.ProviderLink {
	return domain.ProviderLink{
		ID: p.Sessions.Random.UUID(), UserID: user, Identity: a.identity, CreatedAt: p.Sessions.Clock.Now(), Tokens: a.tokens,
	}
}

// connect links an identity to a user who is signed in. Errors: those of domain.SignInPolicy.MayAct, ProviderAccountAlreadyLinked,
// OAuthProfileFetchFailed.
func (p ProviderSignIn) connect(ctx context.Context, bearer domain.UserID, a arrival) error {
	if !a.identity.Usable() {
		return fmt.Errorf("%w: the provider's id of the user is empty or too long", domain.OAuthProfileFetchFailed)
	}
	user, err := actingUser(ctx, p.Store.Users(), p.SignIn, bearer)
	if err != nil {
		return err
	}
	err = p.Sessions.Audit.change(ctx, p.Store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, domain.Event{Kind: domain.ProviderLinked, UserID: user.ID, Target: a.identity.Provider})
		return repos.ProviderLinks().Add(ctx, p.link(user.ID, a))
	})
	switch {
	case errors.Is(err, port.ErrTaken):
		return domain.ProviderAccountAlreadyLinked
	case errors.Is(err, port.ErrNotFound):
		return domain.InvalidEmailPassword
	}
	return err
}

// overtaken makes a second look of what is no longer as it was read.
func overtaken(err error) error {
	if errors.Is(err, port.ErrNotFound) {
		return errOvertaken
	}
	return err
}

// Providers are the identity providers that are switched on, by name.
type Providers map[string]port.IdentityProvider

// named returns a provider. DisabledEndpoint: it is known but switched off. SchemaValidation: nobody knows it.
func (p Providers) named(name string) (port.IdentityProvider, error) {
	if provider, found := p[name]; found {
		return provider, nil
	}
	return nil, unknownProvider(domain.NamedProvider(name))
}

// unknownProvider is the answer for a name that leads to no provider.
func unknownProvider(known bool) error {
	if known {
		return domain.DisabledEndpoint
	}
	return &domain.FieldError{Code: domain.SchemaValidation, Field: "provider", Reason: "is not the name of a provider of this server"}
}

// IDTokens are those whose id tokens are accepted, by name.
type IDTokens map[string]port.IDTokens

// known returns the name of a provider, "" for whatever else somebody typed.
func (t IDTokens) known(name string) string {
	if _, found := t[name]; !found {
		return ""
	}
	return name
}

// identity verifies a token. Errors: DisabledEndpoint (no audience is configured), SchemaValidation (nobody issues id tokens under
// that name), InvalidRequest, Unavailable.
func (t IDTokens) identity(ctx context.Context, in IDTokenInput) (domain.ProviderIdentity, error) {
	verifier, found := t[in.Provider]
	if !found {
		return domain.ProviderIdentity{}, unknownProvider(in.Provider == "apple" || in.Provider == "google")
	}
	return verifier.Verify(ctx, in.Token, in.Nonce)
}

// IDTokenInput is an id token that an app got from a provider.
type IDTokenInput struct {
	Provider string
	Token    string
	Nonce    string // raw; "" without
}
