package shm

// failpoint names a moment inside a section at which tests end the process.
type failpoint int

const (
	failLocked failpoint = iota
	failRecordWritten
	failWordChanged
	failValueHalf
	failEntryFilled
	failEntryLinked
	failEntryUnlinked
	failChunkTaken
	failChunkFreed
	failPagesSplit
	failPagesJoined
	failListLinked
	failTrashed
	failEvicted
	failBeforeCommit
	failCommitted
	failRecovering
	failRecovered
	failRingDropped
	failRingFilled
	failRingAdvanced
	failpoints
)

// failHook is nil outside the model tests.
var failHook func(failpoint)

// repairOff switches the undo area off, to prove that the model test sees it.
var repairOff bool
