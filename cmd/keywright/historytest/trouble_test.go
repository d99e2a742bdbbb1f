package historytest

import "syscall"

// trouble is something that befalls a replica for a while.
type trouble struct {
	name    string
	changes int // how many are to be made meanwhile
	does    func(r *run, at *replica, pass func())
	spared  bool
}

// sparing is the trouble at a replica through which nobody is just changing
// anything: otherwise it may have locked what all other changes need.
func (tr trouble) sparing() trouble {
	tr.name, tr.spared = tr.name+" and spared", true
	return tr
}

// some are enough changes for one of which the replica cannot know to be looked
// at there.
const some = 3

var (
	// stopped stands still, as a process on a machine that is swapped out or
	// migrated does, and goes on where it was.
	stopped = trouble{name: "stopped", changes: some, does: func(r *run, at *replica, pass func()) {
		p := at.running()
		r.signal(p, syscall.SIGSTOP)
		pass()
		r.signal(p, syscall.SIGCONT)
	}}
	// alone gets nothing from its database and nothing through to it.
	alone = trouble{name: "alone", changes: some, does: func(_ *run, at *replica, pass func()) {
		at.proxy.Freeze()
		pass()
		at.proxy.Thaw()
	}}
	// forsaken is alone, and then loses what was on the way.
	forsaken = trouble{name: "forsaken", changes: some, does: func(_ *run, at *replica, pass func()) {
		at.proxy.Freeze()
		pass()
		at.proxy.Cut()
		at.proxy.Thaw()
	}}
	// deaf gets no notifications.
	deaf = trouble{name: "deaf", does: func(_ *run, at *replica, pass func()) {
		at.proxy.Deafen()
		pass()
		at.proxy.Hear()
	}}
	// torn loses its connections again and again.
	torn = trouble{name: "torn", does: func(_ *run, at *replica, pass func()) {
		for range 3 {
			at.proxy.Cut()
			pass()
		}
	}}
	// killed ends without warning and comes back.
	killed = trouble{name: "killed", does: func(r *run, at *replica, pass func()) {
		at.running().Kill()
		pass()
		at.start(r.t)
	}}
)
