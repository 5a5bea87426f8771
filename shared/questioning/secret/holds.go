package secret

import "github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"

// tokens are keys and tokens by the forms that their issuers give them: of OpenAI,
// Anthropic and Stripe, GitHub, GitLab, Slack, AWS, Google, npm and Hugging Face, JSON Web
// Tokens (RFC 7519) and private keys (RFC 7468).
var tokens = lazyregexp.New(`\b(?:sk|rk|pk)[-_](?:(?:live|test|ant|proj|or|svcacct)[-_])?[A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{20,}` +
	`|\bxox[abeprs]-[\w-]{10,}|\bA(?:KI|SI)A[0-9A-Z]{16}\b|\bAIza[\w-]{35}|\bnpm_\w{36}|\bhf_\w{30,}|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY`)

// said matches words that say what a password or code is. They are folded, and may be
// about one as well ("the password is too short"): then a text is taken for a secret
// that holds none, which costs a memory and nothing else.
var said = lazyregexp.New(`\b(?:\w*pass ?words?|pass ?code|passwort|\w*passwort|\w*kennwort|mot de passe|contrasena|senha|\w*wachtwoord|pin|cvv|cvc|api key|api schlussel)` +
	`(?: (?:for|of|to|fur|de|du|del|da|do|van) \w+(?: \w+)?)?(?: (?:is|was|lautet|ist|est|es|e)\b| ?[:=]) ?\S`)

// Holds says that a text, such as an answer, holds what looks like a secret: a card's
// number, a key or token in its issuer's form, or a password that it names.
func Holds(text string) bool {
	return IsCardNumber(text) || tokens.MatchString(text) || said.MatchString(folded(text))
}
