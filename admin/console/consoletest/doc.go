// Package consoletest drives the console in a real Chromium against the real
// program, on SQLite and on Postgres. It is a package of its own, so that its
// tests run beside the others.
//
// A test looks like this:
//
//	func TestRenameARole(t *testing.T) {
//		t.Parallel()
//		onEachDatabase(t, func(t *testing.T, s *site) {
//			p := s.signIn(t)
//			p.open("/console/roles")
//			p.press("New role")
//			p.fill("Name", "reader")
//			p.press("Create")
//			p.sees("The role was made.")
//			p.check()
//		})
//	}
//
// check asserts what holds for every page: no violation that axe-core knows,
// in light and in dark; HTML without mistakes; nothing on the browser's
// console; nothing that the content security policy had to stop. At the end of
// a test the last two are asserted by themselves. What is on a page is named
// as people see it: buttons and links by their text, fields by their label.
//
// With KEYWRIGHT_SCREENSHOTS set to a folder, screenshot writes there.
package consoletest
