// Package handlertest runs native handlers in the tests of a library, without a
// server: with a request that the test makes up, with the rules of the server
// for panics and results, and with the life of a service.
//
//	func TestToUpper(t *testing.T) {
//		if got, err := handlertest.Sync("toUpper", "hello"); got != "HELLO" || err != nil {
//			t.Errorf("toUpper says %q, %v", got, err)
//		}
//	}
//
// Services wait by the clock. In a bubble of testing/synctest that is a fake
// one, so that an hour takes no time.
package handlertest
