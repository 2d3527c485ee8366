//! Every path that a law takes through [`decide`](crate::domain::decide).

use crate::domain::credential::facts::Lazy;
use crate::domain::laws::follow;

/// Follows every path of a law: see [`follow`].
pub(in crate::domain::credential::laws) fn law(floor: usize, speaks: impl Fn(&Lazy) -> bool) {
    follow(&Lazy::new(), Lazy::advance, floor, speaks);
}
