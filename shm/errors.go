package shm

import "errors"

// The outcomes of zone and dictionary calls. Where OpenResty has a message for
// the same outcome, the text is OpenResty's, so that a Lua binding can hand it
// to the script as it is.
var (
	ErrNoMemory   = errors.New("no memory")
	ErrNotFound   = errors.New("not found")
	ErrExists     = errors.New("exists")
	ErrNotNumber  = errors.New("not a number")
	ErrNotList    = errors.New("value not a list")
	ErrIsList     = errors.New("value is a list")
	ErrEmptyKey   = errors.New("empty key")
	ErrKeyTooLong = errors.New("key too long")
	ErrBadValue   = errors.New("bad value type")
	ErrNilStore   = errors.New("attempt to add or replace nil values")

	// ErrChanged is CompareAndSet's answer when the present value is not the
	// expected one.
	ErrChanged = errors.New("value changed")

	// ErrTooSmall is returned by Create and NewDict for a size that leaves no
	// room for a single entry.
	ErrTooSmall = errors.New("zone is too small")
	// ErrTooLarge is returned by Create for a size past MaxSize.
	ErrTooLarge = errors.New("zone is too large")
	// ErrNotZone is returned by Open for a descriptor that holds no zone.
	ErrNotZone = errors.New("not a shared memory zone")
	// ErrVersion is returned by Open for a zone laid out by an incompatible
	// version; the caller starts an empty one instead.
	ErrVersion = errors.New("zone was made by an incompatible version")
	// ErrDamaged is returned by Open for a header whose checksum is wrong, by
	// Check for a zone whose structures disagree, and by Load for a file that
	// was not written whole.
	ErrDamaged = errors.New("damaged")
	// ErrSlotBusy is returned by Open when a living process has the slot.
	ErrSlotBusy = errors.New("owner slot is in use")
	// ErrNoSlot is returned by Open with AnySlot when all slots are in use.
	ErrNoSlot = errors.New("no free owner slot")
	// ErrWrongKind is returned when a zone holds another kind of structure
	// than the one asked for.
	ErrWrongKind = errors.New("zone holds another kind of data")
)
