package onetime

import (
	"bytes"
	"image/png"

	"github.com/pquerna/otp"
)

// qrSide is the side of a QR code in pixels.
const qrSide = 240

// QR returns an enrolment URI as a QR code: a PNG without the white margin
// that it is to be shown with.
func QR(uri string) ([]byte, error) {
	key, err := otp.NewKeyFromURL(uri)
	if err != nil {
		return nil, err
	}
	code, err := key.Image(qrSide, qrSide)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = png.Encode(&out, code)
	return out.Bytes(), err
}
