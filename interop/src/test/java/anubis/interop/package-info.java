/** Our device and other WireGuard programs, as processes, against each other in network namespaces. */
@NullMarked
package anubis.interop;

import org.jspecify.annotations.NullMarked;
