// Package secret recognizes what asks for a secret: a password, a key, a card or
// identity number. Nobody is asked for one here, since conversations are kept,
// recalled and read by models. It is pure.
//
// It judges two sources by two measures. A caller's slots are judged by Asks, which
// refuses only what clearly is a secret: refusing "key account manager" would make the
// server useless. A model's own texts are judged by May, which refuses whatever might
// be one: the plain question can take their place. Holds judges answers.
package secret

import (
	"strings"
	"unicode"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Instead is what a caller does instead of asking for a secret.
const Instead = "which must not pass through a conversation: it is kept, and models read it. Leave it out, and let the client's own sign-in or the service's page take it; its address can be asked for as a uri"

// Asks says which secret a slot asks for, such as "a password", and in which of
// its texts; "" for none. A slot that can hold no secret, such as a yes or no, a
// date or a choice among options, asks for none.
func Asks(slot questioning.Slot) (what, where string) {
	switch slot.Type {
	case questioning.Text, questioning.Integer, questioning.Number, questioning.List:
	default:
		return "", ""
	}
	for _, text := range []struct {
		where, text string
		sentence    bool
	}{
		{"key", slot.Key, false}, {"title", slot.Title, false}, {"title", ofParts(slot.Title), false}, {"question", slot.Question, true}, {"description", slot.Description, true},
	} {
		find := named
		if text.sentence {
			find = asked
		}
		if what = find(text.text); what != "" {
			return what, text.where
		}
	}
	return "", ""
}

// ofParts is the title of a part in the order of speech: "Number (Credit card)" is the
// credit card's number.
func ofParts(title string) string {
	name, of, found := strings.Cut(strings.TrimSuffix(title, ")"), " (")
	if !found {
		return ""
	}
	return of[strings.LastIndex(of, ",")+1:] + " " + name // the nearest object comes last
}

// named returns the secret that a name, such as a key or title, is the name of.
func named(text string) string {
	for i, part := range parts(text) {
		if what := headed(part, len(part.words), i == 0); what != "" {
			return what
		}
	}
	return ""
}

// withinWords is how early in a sentence that asks for a secret it is named.
const withinWords = 8

// asked returns the secret that a question or description asks for. A sentence
// that mentions one further on, or says not to give one, does not.
func asked(text string) string {
	for sentence := range strings.FieldsFuncSeq(abbreviations.Replace(text), func(r rune) bool { return strings.ContainsRune(".!?;\n", r) }) {
		if mentions.MatchString(fold(sentence)) {
			continue
		}
		for i, part := range parts(sentence) {
			if what := headed(part, withinWords, i == 0); what != "" {
				return what
			}
		}
	}
	return ""
}

// abbreviations have points that end no sentence.
var abbreviations = strings.NewReplacer("e.g.", "eg", "z. B.", "zb", "z.B.", "zb", "p. ex.", "pex", "p.ex.", "pex", "p. ej.", "pej", "p.ej.", "pej", "bijv.", "bijv", "ad es.", "ades")

// mentions are words of a sentence that is about a secret and does not ask for it.
var mentions = lazyregexp.New(`\b(do not|don t|never|without|not|no|eg|zb|pex|pej|bijv|ades|for example|for instance|such as|other than|except|instead of` +
	`|nicht|kein|keine|keinen|ohne|zum beispiel|ne|pas de|sans|par exemple|sin|nunca|por ejemplo|senza|mai|per esempio|ad esempio|nao|sem|por exemplo|niet|geen|zonder|bijvoorbeeld)\b` +
	`|^ *what happens\b|^ *(?:describe|explain) (?:how|what|why|when|who)\b|^ *(how|why|when|where|who|whose|did|do|does|have|has|had|is|are|was|were|warum|wann|haben|hast|ist|sind|pourquoi|comment|quand|avez|as|est|porque|por que|cuando|ha|han|perche|quando|hai|waarom|wanneer|heb|heeft|hebt)\b`)

// part is a piece of a text between marks, as words.
type part struct{ words []string }

// parts splits a text, folded, at what parts phrases.
func parts(text string) []part {
	var all []part
	for piece := range strings.FieldsFuncSeq(fold(text), func(r rune) bool { return strings.ContainsRune(",:()/|&+;\"", r) }) {
		if words := strings.Fields(piece); len(words) > 0 {
			all = append(all, part{words})
		}
	}
	return all
}

// fold is a text as words in lower case, without accents, camelCase split.
func fold(text string) string {
	var b strings.Builder
	var previous rune
	for _, r := range text {
		if unicode.IsUpper(r) && unicode.IsLower(previous) {
			b.WriteByte(' ')
		}
		if strings.ContainsRune("._-[]{}<>*#?!", r) {
			r = ' '
		}
		b.WriteRune(r)
		previous = r
	}
	return strings.Join(strings.Fields(folded(b.String())), " ")
}

// headed returns the secret that a phrase is headed by, named within the first
// words of it. "Password of the account" is; "password policy" and "length of the
// password" are about one. A text that begins with the phrase may name it by a
// word that means other things further on.
func headed(p part, within int, first bool) string {
	phrase := strings.Join(p.words, " ")
	if gesture.MatchString(phrase) {
		return ""
	}
	for _, kind := range kinds {
		for _, at := range kind.heads.FindAllStringIndex(phrase, -1) {
			before, after := strings.Fields(phrase[:at[0]]), strings.Fields(phrase[at[1]:])
			other := len(before) > 0 && kind.not[before[len(before)-1]]
			if len(before) < within && !other && !about(before, after) {
				return kind.what
			}
		}
		bare := strings.Join(strip(p.words), " ")
		if first && kind.alone != nil && kind.alone.MatchString(bare) {
			return kind.what
		}
	}
	return ""
}

// gesture is a token, or a key, that opens nothing.
var gesture = lazyregexp.New(`\btokens? of (?:our |my |their |your )?(?:appreciation|gratitude|thanks|esteem|love|friendship|respect|affection|remembrance)\b|\bsecret keys? to\b`)

// strip leaves out the words around a name that do not change what it names.
func strip(words []string) []string {
	for len(words) > 0 && lead[words[0]] {
		words = words[1:]
	}
	for i, w := range words {
		if i > 0 && follow[w] && !of[w] {
			return words[:i]
		}
	}
	return words
}

// about says that what stands around a secret's name makes another thing of it.
func about(before, after []string) bool {
	if len(after) > 0 && !follow[after[0]] && !numeric(after[0]) {
		return true // the head of the phrase comes later
	}
	for i := len(before) - 1; i >= max(0, len(before)-3); i-- {
		if topic[before[i]] {
			return true
		}
	}
	for len(before) > 0 && lead[before[len(before)-1]] && !of[before[len(before)-1]] {
		before = before[:len(before)-1]
	}
	return len(before) > 1 && of[before[len(before)-1]] && !holders[before[len(before)-2]]
}

// numeric reports a digit or two, as fold leaves them.
func numeric(word string) bool {
	return strings.Trim(word, "0123456789oieast") == "" && len(word) < 3 // folded digits
}

// set makes words in a text a set.
func set(words string) map[string]bool {
	all := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		all[word] = true
	}
	return all
}

var (
	// follow are the words after a name that leave it the head of its phrase.
	follow = set(`for of to from on in at with by used you your that which is are was and or if as again please here value text string
		confirmation confirm repeat hash do does did should can could will would have has must may we i need needed required min
		fur von des der zum zur vom beim am im ein an bitte und oder ihres deines lautet
		de du d del della dello di da do dos das para pour per por et y e ed ou o u en con com avec
		van voor op het om te bij`)
	// lead are words before a name that say whose it is, or ask for it.
	lead = set(`the a an your my our their his her its this that user users customer customers client s current new old existing full valid own
		please enter provide give type tell send share paste supply state specify me us what is which are need
		admin login account bank
		der die das dein deine deinen ihr ihre ihren mein bitte geben sie gib nennen wie lautet ist welches
		le la les l votre ton ta vos mon un une quel quelle est saisissez entrez donnez indiquez
		el los su tu mi cual es introduzca ingrese indique
		il lo suo tuo mio qual e inserisci inserire
		o os seu sua teu tua meu minha digite informe insira
		het uw je jouw wat vul voer`)
	// of stands between a head and what it is of.
	of = set(`of de du d del della dello di da do dos des van von vom`)
	// holders are heads that are what they are of.
	holders = set(`value copy photo scan text content valor valeur valore wert kopie copie copia`)
	// topic are words before a name that make it what is talked about.
	topic = set(`reset resetting forgot forgotten lost change changed changing store stored storing save saving saved hash hashed hashing encrypt encrypted
		rotate rotating rotation manage managing validate validating validation verify verifying leaked compromised stolen weak strong expired
		max maximum minimum total count many after before when while entering typing asking about handling per with via using mit avec con com met
		last final first masked partial has have had uses supports`)
)

// kind is a kind of secret: heads match its names anywhere, alone matches names
// that mean it only when they are the whole name.
type kind struct {
	what         string
	heads, alone *lazyregexp.Regexp
	not          map[string]bool // words before a name that make it another thing's
}

// pattern matches any of the alternatives as words of their own.
func pattern(alternatives ...string) *lazyregexp.Regexp {
	return lazyregexp.Built(func() string { return `\b(?:` + strings.Join(alternatives, "|") + `)\b` })
}

// whole matches a text that is one of the alternatives.
func whole(alternatives ...string) *lazyregexp.Regexp {
	return lazyregexp.Built(func() string { return `^(?:` + strings.Join(alternatives, "|") + `)$` })
}

// The names are those of English, German, French, Spanish, Italian, Portuguese
// and Dutch, folded. They are narrower than those of May: what a caller asks for
// is refused only when it is a secret.
var kinds = []kind{
	{
		"a password",
		pattern(`(?:\w*pass ?words?|pas?swor[dt]s?|passwd|passwrd|pwd|pswd|psw|pw|pass ?phrases?|pass ?codes?)`,
			`(?:admin|database|db|email|ftp|imap|login|mail|mysql|postgres|redis|root|smtp|sql|sudo|user|wi ?fi|wlan) pass`, `\w*passwort`, `\w*passworter`, `\w*kennwort`, `losungswort`,
			`mots? de passe`, `mdp`, `phrase de passe`, `contrasenas?`, `clave de acceso`, `parola d ordine`, `senhas?`, `palavra passe`, `\w*wachtwoord(?:en)?`,
			`log ?in (?:details|data|credentials)`, `(?:admin|database|db|server|ssh|api|aws|cloud|vpn|user|access|service|account) credentials`,
			`zugangsdaten`, `anmeldedaten`, `logindaten`, `identifiants de connexion`, `credenciales de acceso`, `credenziali di accesso`,
			`credenciais de acesso`, `inloggegevens`, `(?:connection|verbindungs) strings?`),
		whole(`clave`), nil,
	},
	{
		"a PIN or security code",
		pattern(`(?:your|card|bank|banking|debit|sim|account|secret|digit|atm|phone|door|transaction|\w*karten?|konto|handy|ihre|deine|votre|su|tu|tua|sua|uw|jouw) pin`, `pin (?:code|number|nummer)s?`, `pincode`,
			`code pin`, `codigo pin`, `codice pin`, `numero pin`, `geheimzahl`, `otp`, `one time (?:code|passcode)s?`, `(?:2fa|mfa|totp|authenticator|two factor|2 factor|sms|auth|authentication|login) codes?`,
			`(?:verification|security|recovery|backup|access|alarm|unlock) codes?`, `(?:m|sms )?tan (?:number|nummer|code)`, `(?:sim )?puk(?: code)?`, `security answers?`,
			`answers? to (?:your|the|my) (?:security|secret) question`, `unlock pattern`, `code (?:we|i|they) (?:just )?(?:sent|texted|emailed)`, `code from (?:your|the|my) (?:authenticator(?: app)?|sms|text|phone)`,
			`zugangscode`, `code (?:recu )?par sms`, `code per sms`, `codigo (?:por )?sms`, `(?:seed|recovery|mnemonic) phrase`, `(?:wallet|recovery) seed`, `seed words`, `code (?:secret|confidentiel)`, `bestatigungscode`, `einmalcode`, `sicherheitscode`,
			`code de (?:verification|securite)`, `codigo de (?:verificacion|seguridad|verificacao|seguranca)`, `codice di (?:verifica|sicurezza)`,
			`verificatiecode`, `beveiligingscode`, `toegangscode`),
		whole(`pin`, `mnemonic`), set(`gpio connector header chip map lapel bowling`),
	},
	{
		"a key or token",
		pattern(`(?:api|access|private|secret|encryption|decryption|ssh|signing|wallet|recovery|gpg|pgp|openai|anthropic|gemini|stripe|aws|azure|gcp|github|google|twilio|service account|wi ?fi|wlan|wpa2?|consumer|licen[sc]e|product|activation|serial) ?keys?`, `apikeys?`,
			`(?:stripe|openai) sk`, `pem(?: file| key)?`, `(?:session|auth|login) cookies?`,
			`(?:client|api|app|shared|consumer|webhook|aws|jwt|stripe|signing|oauth2?|totp|hmac|github|slack) ?secrets?`,
			`(?:api|access|auth|authentication|authorization|bearer|private|refresh|session|security|secret|jwt|oauth2?|bot|deploy|csrf|login|id|git ?hub|git ?lab|slack|discord|telegram|webhook|vault|npm|pypi|hugging ?face|notion|jira|cloudflare|twilio|mapbox|vercel|netlify|heroku|azure|aws|google|openai|anthropic|sas|device|push) ?tokens?`,
			`zugriffstoken`, `zugangstoken`, `(?:api|zugriffs|zugangs|wlan|wi ?fi|netzwerk|lizenz|produkt|ssh)[ ]?schl(?:u|ue)ssel`, `(?:privater|geheimer|private|geheime) schl(?:u|ue)ssel`,
			`(?:jeton|token) d (?:acces|authentification)`, `cles? (?:d )?(?:api|acces)`, `cle (?:privee|secrete)`, `token de (?:acceso|acesso)`, `token di accesso`,
			`claves? (?:de )?(?:la )?api`, `(?:clave|llave) (?:privada|secreta)`, `chiav[ei] (?:dell )?api`, `chiave (?:privata|segreta|di accesso)`,
			`chaves? (?:de |da )?api`, `chave (?:privada|secreta|de acesso)`, `api ?sleutels?`, `toegangssleutel`, `toegangstoken`, `(?:prive|geheime) ?sleutel`),
		whole(`token`, `secret`, `jeton`, `jwt`, `bearer`), nil,
	},
	{
		"a card number",
		pattern(`(?:credit|debit|bank|payment)? ?card (?:number|no|num|nr|details)`, `(?:credit|debit) ?card (?:info|information|data)`, `cc ?(?:number|num|no)`,
			`number (?:of|on) (?:your|the|my) (?:credit |debit |bank )?card`, `cvv2?(?: code)?`, `cvc2?(?: code)?`, `digits? (?:number )?on the (?:front|back) of (?:your|the|my) (?:credit |debit |bank )?card`, `card verification (?:value|number)`,
			`kreditkarten? ?(?:nummer|nr|daten)`, `prufziffer (?:der|ihrer|deiner) (?:kredit)?karte`, `kartennummer`, `kartenprufnummer`,
			`numeros? de (?:la |votre |ta )?(?:cb|carte(?: bancaire| de credit| bleue)?)`, `cryptogramme(?: visuel)?`,
			`numeros? de (?:la |su |tu )?tarjeta(?: de credito| de debito)?`, `numeros? (?:di |della )(?:tua |sua )?carta(?: di credito)?`, `numero carta di credito`,
			`numeros? d[eo] (?:seu )?cartao(?: de credito)?`, `creditcard(?:nummer|gegevens)`, `kaartnummer`),
		whole(`(?:credit|debit) ?cards?`, `kreditkarte`, `carte (?:bancaire|de credit)`, `tarjeta de (?:credito|debito)`, `carta di credito`, `cartao de credito`, `creditkaart`),
		cards,
	},
	{
		"an identity number",
		pattern(`social security (?:number|no|nr|num)s?`, `ssn`, `(?:national|government|personal|state|citizen) (?:id|identity|identification)(?: card)? (?:number|no|nr)`,
			`(?:national|government) id`, `identity (?:card )?(?:number|no|nr)`, `id card (?:number|no|nr)`, `(?:national|social) insurance (?:number|no|nr)`,
			`passport (?:number|no|nr|num)s?`, `(?:driver|drivers|driver s|driving) ?licen[sc]e (?:number|no|nr)`, `(?:nhs|medicare|medicaid) (?:number|no|id)`, `health insurance (?:number|no|id)`,
			`fuhrerscheinnummer`, `(?:ahv|sozialversicherungs|krankenversicherten|versicherten) ?(?:nummer|nr)`, `numero avs`, `numero d[eu] (?:votre )?permis(?: de conduire)?`,
			`numero de (?:la )?licencia de conducir`, `numero (?:di|della) patente`, `numero da (?:cnh|carta de conducao)`, `rijbewijsnummer`, `rijksregisternummer`, `sofinummer`, `bsn (?:nummer|number)`, `number (?:of|in) (?:your|the|my) passport`, `aadhaar(?: number)?`, `taxpayer identification number`, `tax file number`,
			`sozialversicherungsnummer`, `rentenversicherungsnummer`, `(?:reise)?passnummer`, `(?:personal)?ausweisnummer`, `steuer ?(?:id|identifikationsnummer)`,
			`numero (?:de )?securite sociale`, `numero d[eu] (?:votre )?passeport`, `numero de (?:la |votre )?carte d identite`,
			`numero de (?:la )?seguridad social`, `numero del? (?:su )?(?:pasaporte|dni|documento de identidad)`, `numero de identidad`,
			`codice fiscale`, `numero (?:di|del)(?: tuo| suo)? passaporto`, `numero (?:di|della) carta d identita`,
			`numero d[ea] seguranca social`, `numero d[eo] (?:seu )?passaporte`, `numero d[eo] (?:cpf|rg|identidade)`,
			`burgerservicenummer`, `paspoortnummer`, `identiteits(?:kaart)?nummer`),
		whole(`id number`, `social security`, `dni`, `nie`, `nif`, `cpf`, `rg`, `bsn`, `aadhaar`), nil,
	},
}

// cards are the words before "card number" that name cards without money.
var cards = set(`membership member library loyalty sim gift graphics trading insurance student bonus customer rewards score punch business fleet report phone travel index playing boarding club fidelity bahn health video network memory`)
