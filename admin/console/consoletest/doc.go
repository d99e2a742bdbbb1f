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
// # What shows which rule
//
// The rules of the product that hold in the browser, and the tests that show
// them. Those marked * are of package console: they move the clock.
//
//	 1  an application in three steps, with its first key pair   TestFlowB
//	 2  cards; details with id, credentials and endpoints        TestApplicationPages
//	 5  a name to 100, a description to 500; no application       TestFlowA
//	 7  API tokens of the organization and of a project           TestFlowD
//	14  shown once, copied, downloaded; pending until added       TestFlowA, TestFlowB, TestFlowC, TestAddCredentialsWithoutScript, TestDownload
//	15  the client id is masked until revealed; hints             TestClientList, TestGuidedRotation
//	22  the columns of the lists                                  TestClientList, TestFlowD
//	23  filters, search, sorting, pages                           TestClientList, TestFlowD, TestOddUseIsShown*
//	24  revoked ones stay listed until they are deleted           TestFlowB, TestFlowC, TestAPITokenWithoutScript
//	28  regenerate, at once and with overlap                      TestFlowE, TestFlowD, TestRegenerateWithOverlap
//	29  rotation step by step; another like this one              TestGuidedRotation, TestRotationSteps*, TestCreateAnotherLikeThisOne, TestAnotherWithAKey
//	31  revoke one; its access tokens die                         TestFlowB, TestFlowC
//	32  revoke all, after a preview and a typed name              TestFlowC, TestRevokeAllClients, TestRevokeAllAPITokensWithoutScript
//	33  remove with a revoke, or later; the audit stays           TestFlowA, TestFlowE
//	34  the overview                                              TestOverview, TestOddUseIsShown*
//	35  the history of use, and what is odd about it              TestClientPages, TestOddUseIsShown*
//
// That a plain member is offered what they may do and no more, and refused when
// they try (rules 12, 20 and 26), is shown by TestMemberIsOffered,
// TestMemberForces and TestCreatorKeepsTheirOwn; what an error id says (rule
// 39) by TestWhyRefused.
//
// With KEYWRIGHT_SCREENSHOTS set to a folder, screenshot writes there. TestPictures
// makes those of the documents: make screenshots.
package consoletest
