package shm

import "math"

// Incr adds to the number under a key and returns the sum (incr). A key that is
// not there is ErrNotFound, one that holds something else ErrNotNumber.
func (d *Dict) Incr(key string, by float64) (float64, error) {
	sum, _, err := d.incr(key, by, nil, 0)
	return sum, err
}

// IncrInit is Incr that creates a missing key with init + by, which lives
// initTTL milliseconds. Like Set it may remove entries used long ago.
func (d *Dict) IncrInit(key string, by, init float64, initTTL int64) (sum float64, forcible bool, err error) {
	return d.incr(key, by, &init, initTTL)
}

func (d *Dict) incr(key string, by float64, init *float64, ttl int64) (float64, bool, error) {
	if err := checkKey(key); err != nil {
		return 0, false, err
	}
	z := d.z
	hash := hashKey(z.seed, key)
	z.lock()
	defer z.unlock()
	d.sweep()
	e, live := d.lookup(hash, key)
	if live {
		if d.typeOf(e) != Number {
			return 0, false, ErrNotNumber
		}
		at := d.valueAt(e)
		sum := math.Float64frombits(z.load64(at)) + by
		z.put64(at, math.Float64bits(sum))
		return sum, false, nil
	}
	if init == nil {
		return 0, false, ErrNotFound
	}
	sum := *init + by
	forcible, err := d.storeLocked(storeAlways, e, hash, key, NumberValue(sum), ttl, 0)
	if err != nil {
		return 0, forcible, err
	}
	return sum, forcible, nil
}
