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
	"account_password", "db_pass", "DB_PASSWORD", "smtp_pass", "sudo password", "root_password", "Passcode for the door", "alarm code", "unlock pattern", "access code",
	"SMS code", "sms_otp", "mfa_code", "two_factor_code", "auth_code", "TAN number", "TAN-Nummer", "transaction PIN", "PUK", "sim_puk", "security answer",
	"security_answer", "Answer to your security question", "api_token", "auth_token", "bearer", "id_token", "session_cookie", "webhook_secret", "signing_secret",
	"consumer_key", "license key", "product key", "serial key", "Lizenzschlüssel", "private key (PEM)", "pem", "ssh_key", "gpg passphrase", "keystore_password",
	"vault token", "mnemonic", "recovery seed", "seed words", "wallet private key", "connection_string", "aws_secret_access_key", "secretAccessKey", "stripe_secret",
	"stripe_sk", "openai_key", "OPENAI_API_KEY", "gemini api key", "login_password", "user and password", "Benutzername und Passwort", "username/password",
	"WLAN Schlüssel", "WLAN-Key", "Netzwerkschlüssel", "PIN der EC-Karte", "EC-Karten-PIN", "Karten-PIN", "Kreditkarte", "Kreditkarten-Nr.", "Prüfziffer der Kreditkarte",
	"CVC-Code", "Ablaufdatum und CVV", "card_cvc", "creditcard", "card number", "numéro de CB", "numéro de carte bleue", "code secret", "code confidentiel de la carte",
	"clé secrète", "clé privée", "jeton d'accès", "número de tarjeta", "clave", "clave secreta", "clave de acceso", "contraseña del wifi", "código CVV",
	"número de la seguridad social", "NIF", "DNI/NIE", "número de DNI", "password del wifi", "chiave segreta", "codice PIN", "numero carta di credito",
	"numero di carta d'identità", "senha do wifi", "código de segurança", "chave secreta", "número do CPF", "RG", "número do cartão de cidadão", "wachtwoord van de wifi",
	"pincode", "beveiligingscode", "BSN-nummer", "rijksregisternummer", "paspoortnummer", "sofinummer", "social_security", "Steuer-ID", "Steueridentifikationsnummer",
	"Personalausweisnummer", "Ausweisnummer", "passport_no", "passportNumber", "driver_license_number", "driver's licence number", "Führerscheinnummer",
	"numéro de permis de conduire", "national_id", "NHS number", "medicare number", "health insurance number", "Sozialversicherungsnr.", "AHV-Nummer", "numéro AVS",
	"codice fiscale",
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
	"token_count", "tokens_used", "key_contact", "pin_board", "password_policy", "password_manager", "password_expiry_days", "password_length", "has_password",
	"password_hint_text", "passwordless login", "secret_santa_name", "secretary", "secret level in the game", "key_metrics", "key_result", "key takeaways",
	"key_stakeholders", "keyboard", "key person", "public_key", "ssh public key", "primary_key", "foreign_key_table", "sort_key", "partition key", "cache_key",
	"key signature", "key size", "map key", "card_color", "card_type", "card_message", "business_card_title", "greeting card text", "id_card_issuer", "postcard_motif",
	"pin_color", "pinned message", "pin_count", "pinout", "pinboard_size", "spin rate", "token_symbol", "token supply", "token name", "nft token standard", "access_level",
	"access_road", "access needs", "api_version", "api_name", "key lime pie recipe", "passport_country", "passport_photo_size", "passport color", "pass_mark", "pass_type",
	"passing score", "bypass valve", "compass", "boarding_pass_gate", "login_page_url", "login count", "login method", "account_name", "account type", "code_review_notes",
	"code language", "zip_code", "area_code", "door_color", "alarm time", "security guard name", "security level", "security concerns", "license_plate", "license type",
	"software license", "product name", "serial number", "cookie_recipe", "cookie flavour", "cookie banner text", "session_title", "session length", "session topic",
	"bearer of the ring", "seed variety", "seed round size", "recovery time", "secret ingredient", "trade secret", "credential requirements", "two_factor_enabled",
	"otp_delivery_channel", "security question topics", "insurance company", "insurance type", "health insurance provider", "social_security_office", "tax_class",
	"tax_rate", "tax office", "identity provider", "identity verification method", "national park", "citizen participation", "Schlüsselkompetenzen", "Schlüsselerlebnis",
	"Kartenmaterial", "Kartenfarbe", "Passform", "Pinsel", "Geheimtipp", "Tanzkurs", "Codewort der Schatzsuche", "clé de sol", "carte routière", "carte de visite",
	"mot clé", "code postal", "code de la route", "code promo", "clave de sol", "palabra clave", "tarjeta de felicitación", "código postal", "llave inglesa",
	"chiave di violino", "carta geografica", "codice postale", "codice sconto", "parola chiave", "chave de fenda", "cartão de aniversário", "palavra chave", "sleutelbos",
	"kaartspel", "postcode", "kortingscode", "wachttijd", "wachtlijst", "access code policy", "code review", "code name", "code of conduct", "country calling code",
	"discount codes", "QR code content", "bar code", "SMS text", "SMS provider", "authentication flow", "login attempts", "login page copy", "session notes",
	"session cookies banner text", "auth provider", "device type", "device name", "push notification text", "product keywords", "product key features", "license terms",
	"license number of the contractor", "serial novel", "wallet brand", "seed catalogue", "seed investors", "recovery room", "recovery speed", "backup schedule",
	"backup contact", "security guard shifts", "security answer rate of the call centre", "secret recipe category", "signing ceremony date", "signing date",
	"oauth provider", "bearer bonds", "puck size", "tan lines", "PIN layout of the board", "pin-up photo count", "pass rate", "pass the parcel music", "ski pass days",
	"mail pass-through", "user passport country", "admin password rotation interval", "database name", "database passwords rotation plan", "connection type",
	"connecting string instruments", "string length", "PEM college", "rg cable type", "card stock", "card game", "card issuer", "card balance", "playing cards count",
	"credit card fees", "bank card colour", "on the back of the card: what to print", "digit count", "six digit range", "insurance deductible", "health insurance type",
	"driver license class", "driving licence country", "driver name", "driving experience", "Schlüsselübergabe", "Schlüsselanhänger", "Schlüsselbund gefunden",
	"WLAN vorhanden", "Netzwerkname", "Zugangsweg", "Zugangszeiten", "Lizenztyp", "Kartenanzahl", "Kartenlegen", "Kontoinhaber", "Kontotyp", "Handymodell",
	"Führerscheinklasse", "Versicherungsart", "Codewort", "numéro de commande", "numéro de la chambre", "carte de fidélité", "permis de construire", "code couleur",
	"code du projet", "mot de bienvenue", "clé de répartition", "clés de la maison", "número de habitación", "tarjeta de embarque", "código de color", "clave dicotómica",
	"clave del proyecto", "llave de la casa", "licencia de obra", "numero di telefono", "numero civico", "carta igienica", "patente nautica posseduta", "chiave di lettura",
	"codice colore", "número da casa", "cartão de embarque", "chave da casa", "código de cores", "wachtwoordbeheer", "sleutel van het huis", "rijbewijs categorie",
	"codekleur",
	// Not secrets by this measure: numbers of accounts, and words that are mostly something else.
	"IBAN", "Bank account number", "Tax ID", "Passport", "Login", "Credentials", "Card", "Door code",
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
		"Enter the 6-digit code we texted you", "The code from your authenticator app", "16-digit number on the front of your card", "The three digits on the back of your card", "Secret key from your AWS console",
		"Le code reçu par SMS", "Der Code per SMS", "¿Cuál es tu clave de acceso?", "Qual è il tuo codice fiscale?", "Wat is je BSN?", "Qual é o seu CPF?",
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
		"Describe how users get a login code", "What happens if the code from the authenticator is wrong?", "Which authenticator app do you use?", "How long should a session token live?", "How many API keys does each customer get?",
		"The colour on the back of the card", "Who keeps the keys of the flat?", "Welche Karten werden gespielt?", "Quel code vestimentaire ?", "¿Qué tarjeta regalo quieres?", "Which documents (passport, visa) do you have?",
	} {
		what, _ := Asks(questioning.Slot{Key: "x", Title: "X", Question: text, Description: text, Type: questioning.Text})
		assert.Empty(t, what, text)
	}
}

// A part of an object has the object's title behind its own.
func TestThePartsOfASecretAreSecret(t *testing.T) {
	for _, title := range []string{"Number (Credit card)", "Number (Passport)", "Key (API)", "Token (GitHub)", "Value (Password)", "CVC (Payment)", "Number (Social security)", "Number (Payment, Credit card)"} {
		what, where := Asks(questioning.Slot{Key: "x.y", Title: title, Type: questioning.Text})
		assert.NotEmpty(t, what, title)
		assert.Equal(t, "title", where)
	}
	for _, title := range []string{"Holder (Credit card)", "Expiry (Passport)", "Number (Order)", "Weight (kg)", "City (Card sender)", "Key (Map)", "Count (Token)"} {
		what, _ := Asks(questioning.Slot{Key: "x.y", Title: title, Type: questioning.Text})
		assert.Empty(t, what, title)
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
