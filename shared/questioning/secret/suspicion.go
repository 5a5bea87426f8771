package secret

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
)

// suspicion is a kind of thing that nobody is asked for.
type suspicion struct {
	// always matches texts that ask for it; alone matches words that do so in a
	// question, or as the last word of a text, and mean other things elsewhere.
	always, alone *lazyregexp.Regexp
}

// words matches any of the words, which are folded; * stands for more letters.
func words(all string) *lazyregexp.Regexp {
	return lazyregexp.Built(func() string {
		var parts []string
		for word := range strings.SplitSeq(all, ",") {
			word = strings.TrimSpace(word)
			pattern := strings.NewReplacer(" ", `[ '-]+`, `\*`, `\w*`).Replace(regexp.QuoteMeta(strings.Trim(word, "*")))
			if !strings.HasPrefix(word, "*") {
				pattern = `\b` + pattern
			}
			if strings.HasSuffix(word, "*") {
				pattern += `\w*\b`
			} else {
				pattern += `\b`
			}
			parts = append(parts, pattern)
		}
		return strings.Join(parts, "|")
	})
}

// The words are those of English, German, French, Spanish, Italian, Portuguese
// and Dutch, without accents.
var suspicions = []suspicion{
	{ // passwords and codes that prove who one is
		always: words(`*password*, passwd*, passphrase*, passcode*, *passwort*, *kennwort*, *losungswort*, *geheimzahl*, mot* de passe, phrase de passe,
			contrasena*, palabra* clave, palabra* de paso, parola d ordine, parola* chiave, parole chiave, senha*, palavra* passe, palavra* chave, *wachtwoord*,
			pin, pins, pin code, *pincode*, code pin, codigo pin, codice pin, pin nummer, otp, tan, credential*, *zugangsdaten*, *anmeldedaten*, *login daten*,
			identifiants, credenciales, credenziali, credenciais, *inloggegevens*, *toegangscode*, *einmalcode*, *bestatigungscode*, *sicherheitscode*, *zugangscode*,
			one time code*, verification code*, security code*, access code*, recovery code*, code* de verification, code* de securite, code* d acces, codigo* de verificacion,
			codigo* de seguridad, codigo* de acceso, codice di verifica, codice di sicurezza, codice di accesso, codigo* de verificacao, codigo* de seguranca,
			*verificatiecode*, *beveiligingscode*, seed phrase*, recovery phrase*, mnemonic phrase*, login details, security question*, maiden name*, your code, your codes, ihr code, dein code, ihren code, deinen code, votre code, ton code, su codigo, tu codigo,
			suo codice, tuo codice, vostro codice, seu codigo, sua codigo, jouw code, je code, uw code`),
		alone: words(`secret, secrets, *geheimnis, secreto, secretos, segreto, segreti, segredo, segredos, *geheim, login, logins, clave, claves`),
	},
	{ // keys and tokens
		always: words(`api key*, apikey*, access key*, private key*, secret key*, encryption key*, ssh key*, signing key*, license key*, licence key*, recovery key*, wallet key*, *token, *tokens,
			api *schlussel*, *zugriffsschlussel*, *geheimschlussel*, private* schlussel, privater schlussel, cle* api, cle* d api, cle* d acces, cle* privee*, cle* secrete*,
			clave* api, clave* de api, clave* privada*, clave* de acceso, llave* privada*, chiave api, chiavi api, chiave privata, chiave segreta, chiave di accesso,
			chave* api, chave* de api, chave* privada*, chave* de acesso, jeton* d acces, api *sleutel*, *toegangssleutel*, prive *sleutel*`),
		alone: words(`key, keys, *schlussel, *schluessel, cle, cles, clef, clefs, llave, llaves, chiave, chiavi, chave, chaves, *sleutel, *sleutels`),
	},
	{ // cards and accounts
		always: words(`credit card*, creditcard*, debit card*, bank card*, card number*, number of your card, *kreditkarte*, *bankkarte*, *kartennummer*, ec karte*, girocard*,
			carte* bancaire*, carte* de credit, carte* bleue*, numero* de carte, numero de la carte, numero de votre carte, tarjeta*, carta di credito, carte di credito, carta di debito, numero della carta,
			numero di carta, cartao*, cartoes*, *creditkaart*, *bankpas*, *betaalpas*, *kaartnummer*, pinpas*, iban, ibans, cvv*, cvc*, cvv2, bic, swift code*, account number*, bank account*,
			*kontonummer*, *bankverbindung*, *kontodaten*, *bankdaten*, compte* bancaire*, coordonnees bancaires, cuenta* bancaria*, numero de cuenta, conto bancario, conto corrente, conta* bancaria*, numero da conta,
			*rekeningnummer*, *bankrekening*`),
		alone: words(`card, cards, *karte, *karten, carte, cartes, carta, *kaart, *kaarten`),
	},
	{ // numbers that stand for a person
		always: words(`ssn, social security*, national insurance number*, tax id*, taxpayer*, identity number*, id number*, identification number*, passport number*, *sozialversicherung*, *steuernummer*,
			*steuer id*, *steueridentifikation*, *ausweisnummer*, *passnummer*, *personalausweis*, numero de securite sociale, numero* d identite, numero* de passeport, carte* d identite,
			numero de identidad, numero de pasaporte, dni, seguridad social, codice fiscale, carta d identita, numero di passaporto, cpf, numero de identidade, numero do passaporte,
			bilhete de identidade, cartao de cidadao, *burgerservicenummer*, bsn, *paspoortnummer*, *identiteitsnummer*, *identiteitskaart*`),
	},
}

// lookalike are characters that are read as others.
var lookalike = strings.NewReplacer(
	"а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "у", "y", "х", "x", "і", "i", "ѕ", "s", "ԁ", "d", "һ", "h", "к", "k", "м", "m", "т", "t", "в", "b", "н", "h", "ј", "j", "ԛ", "q", "ѡ", "w",
	"α", "a", "ο", "o", "ρ", "p", "ν", "v", "κ", "k", "ι", "i", "τ", "t", "ε", "e", "υ", "u",
	"0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "ı", "i", "ł", "l", "ß", "ss", "ø", "o", "œ", "oe",
)

// spelt is a word that is written letter by letter.
var spelt = lazyregexp.New(`(?:\b\w[ .*_-]+){3,}\w\b`)

// folded is a text as it is compared: lower case, without accents, lookalikes,
// or what parts letters.
func folded(text string) string {
	text = lookalike.Replace(strings.ToLower(norm.NFKC.String(text)))
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == '_' || r == '’' || r == '‘' || r == '‑' || r == '–':
			return ' '
		}
		return r
	}, norm.NFD.String(text))
	text = strings.ReplaceAll(text, "'", " ")
	return spelt.ReplaceAllStringFunc(text, func(word string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(" .*_-", r) {
				return -1
			}
			return r
		}, word)
	})
}

// May returns which kinds of secrets a text of a model's may ask for: with strict,
// also by words that mean other things as well. It errs on the side of seeing one.
// The kinds are indices of suspicions: a caller compares those of two texts, to
// allow what the first already asks for.
func May(text string, strict bool) map[int]bool {
	text = strings.TrimRightFunc(folded(text), func(r rune) bool { return !unicode.IsLetter(r) })
	asked := map[int]bool{}
	for kind, s := range suspicions {
		if s.always.MatchString(text) {
			asked[kind] = true
		}
		if s.alone == nil {
			continue
		}
		for _, at := range s.alone.FindAllStringIndex(text, -1) {
			if strict || at[1] == len(text) {
				asked[kind] = true
			}
		}
	}
	return asked
}
