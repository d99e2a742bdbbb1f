package registry

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
)

// Pages of a list.
const (
	defaultLimit = 50
	maxLimit     = 200
)

// cursor makes and opens the page cursors of one list: the place of the last
// row, sealed together with what the list was, so that a cursor can neither be
// forged nor used for another list, filter or organization.
type cursor struct {
	box     Box
	context []byte
}

func (s *Service) cursorFor(list string, filters ...string) cursor {
	return cursor{s.CursorBox, []byte("cursor\x00" + list + "\x00" + strings.Join(filters, "\x00"))}
}

// behind returns the cursor of the rows behind that place.
func (c cursor) behind(p Page) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(p.AfterAt.UnixMicro()))
	plain = append(plain, byte(len(p.AfterID)))
	plain = append(append(plain, p.AfterID...), p.AfterName...)
	return base64.RawURLEncoding.EncodeToString(c.box.Seal(plain, c.context))
}

// searched is page for a list that can be searched.
func (c cursor) searched(search string, limit int, text string) (Page, error) {
	page, err := c.page(limit, text)
	if err != nil {
		return Page{}, err
	}
	page.Search, err = searchText(search)
	return page, err
}

// page checks a limit and opens a cursor; an empty one begins at the first row.
func (c cursor) page(limit int, text string) (Page, error) {
	if limit == 0 {
		limit = defaultLimit
	}
	if limit < 1 || limit > maxLimit {
		return Page{}, MalformedParameter("limit", "must lie between 1 and %d", maxLimit)
	}
	if text == "" {
		return Page{Limit: limit}, nil
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return Page{}, MalformedParameter("cursor", "was not handed out by this list")
	}
	plain, err := c.box.Open(sealed, c.context)
	if err != nil || len(plain) < 9 || len(plain) < 9+int(plain[8]) {
		return Page{}, MalformedParameter("cursor", "was not handed out by this list")
	}
	at, end := time.UnixMicro(int64(binary.BigEndian.Uint64(plain))).UTC(), 9+int(plain[8])
	return Page{Limit: limit, AfterAt: at, AfterID: string(plain[9:end]), AfterName: string(plain[end:])}, nil
}

// orOneMore asks for one row more than the page holds, to know whether another follows.
func (p Page) orOneMore() Page {
	p.Limit++
	return p
}
