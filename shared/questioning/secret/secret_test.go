package secret

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Each is a key or title of a text, in seven languages.
var secrets = []string{
	"password", "Password", "user_password", "userPassword", "PASSWORD", "new password", "Password (min. 8 characters)", "Password of the admin account",
	"wifi_password", "db.password", "passwd", "pwd", "passphrase", "password_confirmation", "Login credentials", "Account and password", "p4ssw0rd",
	"pin", "PIN", "Card PIN", "4-digit PIN", "Your PIN", "pin_code", "otp", "One-time code", "Verification code", "recovery_codes", "Seed phrase",
	"api_key", "apiKey", "API key", "apikey", "OpenAI API key", "AWS secret access key", "access_token", "accessToken", "Bearer token", "token", "Your token",
	"GitHub token", "client_secret", "secret", "root pw", "CVV code", "WiFi key", "JWT", "Mnemonic phrase", "Code confidentiel", "mdp", "private_key", "SSH private key", "encryption key for the backup",
	"credit_card", "creditCardNumber", "Credit card number", "card_number", "cardNumber", "cvv", "CVC", "CVV2", "Number on your card", "Debit card details",
	"ssn", "SSN", "Social security number", "social_security_number", "National ID number", "national insurance number", "passport_number", "Passport no.", "Identity card number",
	"Passwort", "WLAN-Passwort", "Ihr Kennwort", "Geheimzahl", "API-Schlüssel", "Zugriffstoken", "Kreditkartennummer", "Kartenprüfnummer", "Sozialversicherungsnummer", "Reisepassnummer", "Zugangsdaten",
	"Mot de passe", "votre mot de passe", "Clé API", "Clé d'API", "Numéro de carte bancaire", "Numéro de sécurité sociale", "Numéro de passeport", "Code PIN",
	"Contraseña", "Clave de API", "Número de tarjeta de crédito", "Número de la seguridad social", "Número de pasaporte", "DNI",
	"Parola d'ordine", "Chiave API", "Numero della carta di credito", "Codice fiscale", "Numero di passaporto", "Senha", "Chave de API", "Número do cartão", "CPF", "Número do passaporte",
	"Wachtwoord", "API-sleutel", "Kaartnummer", "Burgerservicenummer", "BSN", "Paspoortnummer",
}

var noSecrets = []string{
	"keynote speaker", "Key features", "Keynote", "Token of appreciation", "Business card design", "Primary key column", "Foreign key", "Key account", "Key contact",
	"Key dates", "Keywords", "keyboard_layout", "Key of the song", "Public key", "House keys", "Secret santa budget", "Secret ingredient", "Security policy",
	"Password policy", "Password manager", "password_reset_steps", "Length of the password", "Number of passwords", "Minimum password length", "Forgotten password flow",
	"Password requirements", "How often passwords change", "Token budget", "max_tokens", "Number of tokens", "Tokens per month", "Board game token", "Token symbol", "token_limit",
	"API key rotation", "Rate limit per API key", "State secrets", "Stated goal", "Which passport", "Tan", "Trade secret policy", "Private equity fund", "API key owner", "Access token lifetime", "Authentication method", "Pin location", "Lapel pin", "Pinterest board", "Bowling pins", "Shipping", "opinion", "pineapple",
	"Passport valid", "Passport expiry", "Passport country", "Passenger name", "Boarding pass", "Ski pass", "Card design", "Birthday card text", "Membership card number", "Library card number",
	"Gift card number", "SIM card number", "Credit card type", "Credit card provider", "Last four digits of the card number", "Scorecard", "Wildcard", "Postcard message", "Social media handle",
	"Social security contributions", "Student ID", "Customer number", "Order number", "Vehicle identification number", "Identity of the brand", "Tax class", "Insurance policy number", "Phone number",
	"Verification method", "Source code", "Postal code", "Dress code", "Promo code", "Country code", "Error code", "Recovery plan", "Login problems", "Login page", "Credentials of the speaker",
	"Secret of the villain in the story", "GPIO pin number", "Error shown at login with password", "The secret key to success", "How to pay (credit card, cash)",
	"Schlüsselfertig", "Schlüsselwörter", "Passwortrichtlinie", "Kartenspiel", "Speisekarte", "Reisepass gültig", "Pinnwand", "Politique de mot de passe", "Clés de la réussite", "Carte du menu",
	"Clave del éxito", "Tarjeta de visita", "Política de contraseñas", "Parole chiave", "Carta dei vini", "Palavras-chave", "Cartão de visita", "Sleutelfiguur", "Wachtwoordbeleid", "Kaart van de wijk",
}

func TestASecretIsKnownByItsName(t *testing.T) {
	assert.GreaterOrEqual(t, len(secrets), 60)
	for _, text := range secrets {
		what, where := Asks(questioning.Slot{Key: "x", Title: text, Type: questioning.Text})
		assert.NotEmpty(t, what, text)
		assert.Equal(t, "title", where, text)
		what, _ = Asks(questioning.Slot{Key: text, Title: "X", Type: questioning.Text})
		assert.NotEmpty(t, what, "as a key: %s", text)
	}
}

func TestWhatOnlySoundsLikeASecretIsNone(t *testing.T) {
	assert.GreaterOrEqual(t, len(noSecrets), 60)
	for _, text := range noSecrets {
		what, where := Asks(questioning.Slot{Key: text, Title: text, Type: questioning.Text})
		assert.Empty(t, what, "%s by %s", text, where)
	}
}

func TestAQuestionOrDescriptionAsksForASecret(t *testing.T) {
	for _, text := range []string{
		"What is your password?", "Please enter your API key.", "Which password do you use for the server?", "Paste the access token here.", "The user's social security number",
		"The card number, as printed.", "Anything else? Your PIN, if there is one.", "Tell me your credit card number", "Wie lautet Ihr Passwort?", "Bitte geben Sie das Passwort ein",
		"Quel est votre mot de passe ?", "Saisissez votre numéro de carte", "¿Cuál es tu contraseña?", "Inserisci la tua chiave API", "Qual é a sua senha?", "Wat is je wachtwoord?",
	} {
		what, _ := Asks(questioning.Slot{Key: "x", Title: "X", Question: text, Type: questioning.Text})
		assert.NotEmpty(t, what, text)
		what, _ = Asks(questioning.Slot{Key: "x", Title: "X", Description: text, Type: questioning.Text})
		assert.NotEmpty(t, what, text)
	}
	for _, text := range []string{
		"What happens after entering the password?", "Do not include your password.", "How do you store passwords?", "Did you reset your password?", "Steps, e.g. enter your password and click login",
		"Which password manager do you use?", "What did you see when typing the PIN?", "Never share your API key.", "Who may rotate the API key?", "Describe the problem, without passwords or tokens",
		"Have you forgotten your password?", "What are the key features?", "Who is the keynote speaker?", "What shall be written on the business card?", "Kein Passwort angeben", "Sans mot de passe",
		"Which cards do you accept?", "How many tokens a month?", "What is the primary key of the table?", "Is your passport valid?", "Who issues the access tokens?",
	} {
		what, _ := Asks(questioning.Slot{Key: "x", Title: "X", Question: text, Description: text, Type: questioning.Text})
		assert.Empty(t, what, text)
	}
}

func TestWhatCanHoldNoSecretAsksForNone(t *testing.T) {
	for _, of := range []questioning.Type{questioning.Boolean, questioning.Date, questioning.Choice, questioning.Choices, questioning.Email, questioning.URI} {
		what, _ := Asks(questioning.Slot{Key: "password", Title: "Password", Type: of})
		assert.Empty(t, what, of)
	}
	for _, of := range []questioning.Type{questioning.Text, questioning.Integer, questioning.Number, questioning.List} {
		what, where := Asks(questioning.Slot{Key: "pin", Title: "X", Type: of})
		assert.Equal(t, []string{"a PIN or security code", "key"}, []string{what, where}, of)
	}
}

func TestACardNumberIsKnownByItsDigits(t *testing.T) {
	for _, text := range []string{"4111111111111111", "4111 1111 1111 1111", "my card is 5555-5555-5555-4444, thanks", "378282246310005", "6011111111111117", "3530111333300000"} {
		assert.True(t, IsCardNumber(text), text)
	}
	for _, text := range []string{
		"", "4111111111111112", "1234567890123456", "+4915112345678901", "2026-11-27 14:30:00", "41111111111111111111111", "ISBN 9783161484100", "0000000000000000", "order 1000000000000008",
	} {
		assert.False(t, IsCardNumber(text), text)
	}
}
