package secret

import (
	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
)

// runs are digits as the numbers of payment cards are written, 13 to 19 of them.
// What begins with a plus is a telephone number.
var runs = lazyregexp.New(`\+?\d(?:[ -]?\d){12,18}`)

// issued are the beginnings and lengths of the numbers of payment cards (ISO/IEC
// 7812: American Express, Visa, Mastercard, Discover, UnionPay, Diners, JCB).
var issued = lazyregexp.New(`^(?:3[47]\d{13}|4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|6\d{15,18}|3(?:0|6|8)\d{12}|35\d{14})$`)

// IsCardNumber says that a text has what looks like the number of a payment card:
// the length, the beginning and the check digit of one.
func IsCardNumber(text string) bool {
	for _, run := range runs.FindAllStringIndex(text, -1) {
		if text[run[0]] == '+' || run[1] < len(text) && text[run[1]] >= '0' && text[run[1]] <= '9' ||
			run[0] > 0 && text[run[0]-1] >= '0' && text[run[0]-1] <= '9' {
			continue
		}
		var digits []byte
		for i := run[0]; i < run[1]; i++ {
			if text[i] >= '0' && text[i] <= '9' {
				digits = append(digits, text[i])
			}
		}
		if issued.Match(digits) && luhn(digits) {
			return true
		}
	}
	return false
}

// luhn says that the check digit is right (ISO/IEC 7812-1, annex B). It rejects
// nine in ten numbers that are not of cards, such as order numbers.
func luhn(digits []byte) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
