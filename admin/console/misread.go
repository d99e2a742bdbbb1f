package console

import (
	"net/url"

	"keywright/internal/web"
)

// addressRules say what to do about a parameter of an address that cannot be
// read, by the label that it has on the page. No link and no form of the
// console makes one: such an address was cut, typed or kept for too long.
var addressRules = map[string]string{
	"q":              "Search takes one line of at most 100 characters.",
	"status":         "Status must be one of those that the list offers.",
	"type":           "Type must be project or organization.",
	"outcome":        "Outcome must be done or refused.",
	"expiringWithin": "Expiring within takes a whole number of days, such as 30.",
	"unusedFor":      "Unused for takes a whole number of days, such as 90.",
	"since":          "From must be a date such as 2027-01-31.",
	"until":          "Until must be a date such as 2027-01-31.",
	paramSort:        "The list has no such order: choose the head of a column to sort by it.",
	paramCursor:      "This page of the list cannot be opened any more: begin with the first one.",
}

// misread says what is wrong with the address of a page, and where it leads
// without that: to the first page of a list, because its pages belong to its
// filters. What is wrong with no parameter leads nowhere.
func misread(p *web.Problem, address *url.URL) (detail, without string) {
	if len(p.Errors) == 0 {
		return sentence(p.Detail), ""
	}
	wrong := p.Errors[0].Field
	query := address.Query()
	query.Del(wrong)
	query.Del(paramCursor)
	without = (&url.URL{Path: address.Path, RawQuery: query.Encode()}).String()
	if rule, known := addressRules[wrong]; known {
		return rule, without
	}
	return "The address has a part that cannot be read.", without
}
