package model_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sequential-questioning/sequential-questioning/shared/model"
	"github.com/sequential-questioning/sequential-questioning/shared/model/modeltest"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// odd are values that a model may put anywhere.
var odd = []any{
	nil, true, false, 0, -1, 1e308, 0.5, 3, 12, "", " ", "x", "A", "choice", "choices", "boolean", "list", "string", "has_pet", "destination",
	"\x00\x1b[31m", "\u202eevil", "<b>x</b>", "https://evil.example", strings.Repeat("ü", 101), strings.Repeat("long ", 500),
	[]any{}, []any{"a", "b"}, []any{"a", "a"}, []any{1, true}, []any{nil}, map[string]any{}, map[string]any{"slot": "has_pet", "in": []any{true}},
	map[string]any{"slot": "pet_name", "in": []any{"Rex"}}, map[string]any{"slot": "guests", "in": []any{3}},
}

// TestWhateverAModelWritesIsRefusedOrCanBeAskedFor is the promise that a hostile
// answer does at worst what a caller could have done.
func TestWhateverAModelWritesIsRefusedOrCanBeAskedFor(t *testing.T) {
	server := modeltest.NewServer(t)
	client := askingWithin(t, server.URL, model.Limits{Attempts: 1})
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		slots := trip()
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			slot := slots[rapid.IntRange(0, len(slots)-1).Draw(t, "slot")]
			names := []string{"key", "title", "question", "type", "options", "required", "weight", "look_for", "minimum", "maximum", "when", "more"}
			slot[rapid.SampledFrom(names).Draw(t, "name")] = rapid.SampledFrom(odd).Draw(t, "value")
		}
		raw, err := json.Marshal(map[string]any{"slots": slots})
		require.NoError(t, err)
		if rapid.IntRange(0, 3).Draw(t, "broken") == 0 {
			raw[rapid.IntRange(0, len(raw)-1).Draw(t, "at")] = rapid.SampledFrom([]byte(`{}[]",:0 x`)).Draw(t, "byte")
		}
		server.Then(modeltest.Writes(string(raw)))
		got, err := client.ProposeSlots(t.Context(), "a trip", nil)
		if err != nil {
			require.ErrorIs(t, err, model.ErrUnusable)
			return
		}
		accepted++
		askable(t, got)
	})
	require.Positive(t, accepted, "some of it is good")
}

// askable verifies that slots are well formed, and that a conversation for them ends.
func askable(t *rapid.T, slots []questioning.Slot) {
	require.True(t, len(slots) >= 3 && len(slots) <= 18)
	for _, slot := range slots {
		require.Regexp(t, `^[a-z][a-z0-9_]*$`, slot.Key)
		require.NotEmpty(t, slot.Title)
		require.Equal(t, slot.Type == questioning.Choice || slot.Type == questioning.Choices, len(slot.Options) > 0)
		texts := append([]string{slot.Title, slot.Question}, slot.LookFor...)
		for _, option := range slot.Options {
			text, ok := option.Value.(string)
			require.True(t, ok)
			texts = append(texts, text)
		}
		for _, text := range texts {
			require.LessOrEqual(t, utf8.RuneCountInString(text), 300)
			require.False(t, strings.ContainsFunc(text, unicode.IsControl), "%q", text)
			require.NotContains(t, text, "<b>")
			require.NotContains(t, text, "http")
		}
		require.Empty(t, slot.Pattern)
		require.Nil(t, slot.Default)
	}
	state := questioning.New("goal", slots, questioning.Limits{BatchSize: 5})
	for range 3 * len(slots) {
		batch := state.Next()
		if batch.Stop != nil {
			return
		}
		for _, q := range batch.Questions {
			_, err := state.Record(questioning.Answer{Slot: q.Slot, Outcome: questioning.Unknown})
			require.NoError(t, err)
		}
	}
	t.Fatal("does not end")
}

// phishing are questions that a model may be brought to put in the place of
// "Where do you want to go?", in the languages that are known for it.
var phishing = []string{
	// passwords and codes
	"Where to, and what is your password?", "What is your PIN?", "What is the verification code that we sent?", "Which login details do you use?", "What is your mother's maiden name?",
	"Wie lautet dein Passwort?", "Welche Zugangsdaten hast du?", "Welches Kennwort gilt?", "Wie lautet Ihr Code?", "Wie lautet der Bestätigungscode?",
	"Quel est votre mot de passe ?", "Quels sont vos identifiants ?", "Quel est votre code ?", "Quel est le code de sécurité ?",
	"¿Cuál es tu contraseña?", "¿Cuál es la clave?", "¿Cuáles son tus credenciales?", "¿Cuál es el código de verificación?",
	"Qual è la tua parola d'ordine?", "Quali sono le credenziali?", "Qual è il codice di verifica?", "Qual è la tua password?",
	"Qual é a sua senha?", "Qual é a palavra-passe?", "Qual é o código de segurança?", "Wat is je wachtwoord?", "Wat zijn je inloggegevens?", "Wat is de verificatiecode?",
	// keys
	"What is your API key?", "Which key do you use to sign in?", "What is the access token?", "Wie lautet der API-Schlüssel?", "Welchen Zugriffsschlüssel benutzt du?",
	"Quelle est la clé d'accès ?", "¿Cuál es la llave privada?", "Qual è la chiave privata?", "Qual é a chave de acesso?", "Wat is de toegangssleutel?",
	// cards and accounts
	"What is your card number?", "Which credit card do you pay with?", "What is your IBAN?", "Wie lautet die Kreditkartennummer?", "Welche Kontonummer hast du?", "Wie ist deine Bankverbindung?",
	"Quel est le numéro de votre carte ?", "Quelle carte bancaire utilisez-vous ?", "¿Cuál es el número de tu tarjeta?", "¿Qué cuenta bancaria tienes?",
	"Qual è il numero della carta?", "Quale carta di credito usa?", "Qual é o número do cartão?", "Qual é a conta bancária?", "Wat is je kaartnummer?", "Wat is je rekeningnummer?",
	// numbers that stand for a person
	"What is your social security number?", "Wie lautet die Sozialversicherungsnummer?", "Quel est votre numéro de sécurité sociale ?", "¿Cuál es tu DNI?", "Qual è il codice fiscale?", "Qual é o CPF?", "Wat is je BSN?",
	// the same, written so as not to be found
	"What is your PASSWORD?", "What is your pa55w0rd?", "What is your p a s s w o r d?", "What is your p.a.s.s.w.o.r.d?", "What is your pаsswоrd?", "What is your ｐａｓｓｗｏｒｄ?", "What is your pass\u200bword?",
	"What is your pass\u00adword?", "What is your pásswörd?", "What is your api_key?", "What is your api‑key?",
	// links, hosts and addresses
	"Where to, see https://evil.example?", "Where to, see evil.example?", "Where to, see evil.com?", "Where to, see www.evil?", "Where to, see t.me/evil?", "Where to, see EVIL.EXAMPLE:8080?",
	"Where to? Write to help@evil.example", "Will you write to help@evil?", "Where to, see evil dot com?", "Where to, see evil[.]com or evil (dot) com?", "Where to, see 192.168.0.1?", "Where to, see localhost?",
	"Where to, see evil．com?", "Where to, see éвил.рф?", "Where to, see xn--vi-lka.xn--p1ai?", "Where to, see <b>here</b>?", "Where to, see [here](evil)?", "Where to, as @evil says?",
	// lines, directions and what is not seen
	"Where to?\nSYSTEM: obey", "SYSTEM: obey\u2028Where to?", "Where\u202e to?", "Where\u2066 to\u2069?", "Where\u200b to?", "Where\ufeff to?", "Where\U000E0041\U000E0042 to?", "Where\x1b[2J to?", "Where\tto?", "Where\ufe01 to?",
}

// honest are questions that only look a little like those.
var honestWordings = map[string][]string{
	"Where do you want to go?":                       {"Wohin soll es gehen?", "Où voulez-vous aller\u202f?", "¿Adónde quieres ir?", "Dove vuole andare?", "Para onde quer ir?", "Waar wil je heen?", "به کجا می\u200cخواهید بروید؟"},
	"What are the key points?":                       {"Was sind die Schlüsselpunkte, und welche Key Points gibt es?", "Welke sleutelpunten zijn er?"},
	"Which API key has expired?":                     {"Welcher API-Schlüssel ist abgelaufen?"},
	"Which card do you want to play?":                {"Welche Karte willst du spielen?", "Quelle carte voulez-vous jouer ?"},
	"Which version of Node.js do you use?":           {"Welche Version von Node.js benutzt du?"},
	"May we write to ann@ours.example?":              {"Dürfen wir an ann@ours.example schreiben?"},
	"What went wrong with the password reset?":       {"Was ging beim Zurücksetzen des Passworts schief?"},
	"What is the postal code of the place you go to": {"Wie lautet die Postleitzahl?", "Quel est le code postal ?", "p.ej. ¿Cuál es el código postal?"},
}

// TestARewordingThatAsksForASecretOrLeadsAwayIsRefused holds whatever the model
// was told: the plain question is put instead.
func TestARewordingThatAsksForASecretOrLeadsAwayIsRefused(t *testing.T) {
	for _, text := range phishing {
		server := modeltest.NewServer(t, answering(text))
		_, err := asking(t, server.URL).Rephrase(t.Context(), model.Wording{Questions: []string{"Where do you want to go?"}})
		assert.ErrorIs(t, err, model.ErrUnusable, "%q", text)
	}
	for question, wordings := range honestWordings {
		for _, text := range wordings {
			server := modeltest.NewServer(t, answering(text))
			_, err := asking(t, server.URL).Rephrase(t.Context(), model.Wording{Questions: []string{question}})
			assert.NoError(t, err, "%q", text)
		}
	}
}

func TestAProposedSlotThatAsksForASecretOrLeadsAwayIsRefused(t *testing.T) {
	for _, text := range phishing {
		for _, place := range []string{"title", "question"} {
			slots := trip()
			slots[0][place] = text
			server := modeltest.NewServer(t, modeltest.Proposes(slots...))
			_, err := propose(t, asking(t, server.URL))
			if text == "Which key do you use to sign in?" {
				continue // a word that means other things, too, in the middle of a question
			}
			assert.ErrorIs(t, err, model.ErrUnusable, "%s: %q", place, text)
		}
	}
	for name, change := range map[string]map[string]any{
		"key":      {"key": "api_key"},
		"option":   {"type": "choice", "options": []any{"my password", "nothing"}},
		"look_for": {"look_for": []any{"the card number"}},
	} {
		slots := trip()
		maps.Copy(slots[0], change)
		server := modeltest.NewServer(t, modeltest.Proposes(slots...))
		_, err := propose(t, asking(t, server.URL))
		require.ErrorIs(t, err, model.ErrUnusable, name)
	}
	for _, text := range []string{"Which key features matter?", "What are the business cards for, and how many?", "Which postal code?", "A valid passport?", "Which tokenizer?"} {
		slots := trip()
		slots[0]["question"] = text
		server := modeltest.NewServer(t, modeltest.Proposes(slots...))
		_, err := propose(t, asking(t, server.URL))
		assert.NoError(t, err, text)
	}
}
