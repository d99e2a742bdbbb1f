package admin

// ShownOnce tells whether answers are kept without that member.
func ShownOnce(name string) bool { return shownOnce[name] }
