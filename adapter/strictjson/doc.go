// Package strictjson reads JSON that comes from outside and is kept as the text that came. What two readers understand differently, or
// what one of the databases can't keep, is refused here, so that nothing behind has to think of it.
package strictjson
