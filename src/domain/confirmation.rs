//! The one handshake by which a person confirms a number: what is held now goes on once an annotation gets a new value, and that
//! value is the number which the status shows.
//!
//! A value counts once. One that was there before the number was shown cannot be meant for that number, and one that was
//! wrong when it was compared does not become right when the number later equals that value.
//!
//! Where several namespaces are held, the number is that of all of them; `namespace=number` confirms one of them.

/// So many characters of the annotation's value are remembered: no number is longer.
const REMEMBERED: usize = 32;

/// The annotation that confirms a number, and which of its values is used up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmation {
    value: Option<String>,
    /// The value that was compared, or was there before the number was shown.
    handled: Option<String>,
}

/// Why the annotation's present value confirms nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnusedValue {
    /// It is the number that is shown, but it was there before, or was used.
    SameNumber,
    /// It is another value than the number that is shown.
    OtherValue,
}

impl Confirmation {
    /// Takes up the value that an earlier process had handled.
    #[must_use]
    pub fn restored(handled: Option<&str>) -> Self {
        Self { value: None, handled: handled.map(beginning) }
    }

    /// Takes in the annotation as it is now. Each change is seen here, even one that is undone before the connection's
    /// next pass: "remove it and set it again" may take no time at all.
    pub fn observe(&mut self, value: Option<&str>) {
        self.value = value.map(beginning);
        if self.handled != self.value {
            self.handled = None;
        }
    }

    /// Begins a hold: the value that is there already cannot be meant for the number that will be shown.
    pub fn begin(&mut self) {
        self.handled.clone_from(&self.value);
    }

    /// Compares a new value, once, with the number that the status shows, and returns that number if the value confirms it.
    pub fn take(&mut self, shown: Option<usize>) -> Option<usize> {
        if self.value.is_none() || self.handled == self.value {
            return None;
        }
        self.handled.clone_from(&self.value);
        shown.filter(|shown| self.is_handled(*shown))
    }

    /// The value that does not count until the annotation is removed or changed.
    #[must_use]
    pub fn handled(&self) -> Option<&str> {
        self.handled.as_deref()
    }

    /// Returns why the present value confirms nothing, while that number is shown.
    #[must_use]
    pub fn unused_value(&self, shown: usize) -> Option<UnusedValue> {
        self.handled.as_ref()?;
        Some(if self.is_handled(shown) { UnusedValue::SameNumber } else { UnusedValue::OtherValue })
    }

    fn is_handled(&self, number: usize) -> bool {
        self.handled.as_deref().is_some_and(|value| value.trim() == number.to_string())
    }
}

/// Returns the number of a value `namespace=number`, which confirms what is held of that namespace alone.
pub(super) fn part<'a>(annotation: Option<&'a str>, namespace: &str) -> Option<&'a str> {
    annotation?.trim().strip_prefix(namespace)?.strip_prefix('=')
}

fn beginning(value: &str) -> String {
    value.chars().take(REMEMBERED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotated(value: Option<&str>) -> Confirmation {
        let mut confirmation = Confirmation::default();
        confirmation.observe(value);
        confirmation
    }

    #[test]
    fn only_the_number_that_is_shown_confirms_it_and_only_once() {
        for wrong in ["4", "05", "five", "", "5 5", "-5", "+5", "5.0"] {
            assert_eq!(annotated(Some(wrong)).take(Some(5)), None, "{wrong}");
        }
        for right in ["5", " 5", "5\n"] {
            let mut confirmation = annotated(Some(right));
            assert_eq!(confirmation.take(Some(5)), Some(5), "{right:?}");
            assert_eq!(confirmation.take(Some(5)), None, "once");
            confirmation.observe(Some(right));
            assert_eq!(confirmation.take(Some(5)), None, "the same is no change");
        }
        assert_eq!(annotated(None).take(Some(5)), None);
    }

    #[test]
    fn a_value_from_before_the_number_was_shown_does_not_count_until_it_is_set_again() {
        let mut before = annotated(Some("5"));
        before.begin();
        let mut unseen = annotated(Some("5"));
        assert_eq!(unseen.take(None), None);
        for mut confirmation in [before, unseen, Confirmation::restored(Some("5"))] {
            confirmation.observe(Some("5"));
            assert_eq!(confirmation.take(Some(5)), None);
            assert_eq!(confirmation.unused_value(5), Some(UnusedValue::SameNumber));
            assert_eq!(confirmation.unused_value(6), Some(UnusedValue::OtherValue));
            confirmation.observe(None);
            assert_eq!((confirmation.take(Some(5)), confirmation.unused_value(5)), (None, None));
            confirmation.observe(Some("5"));
            assert_eq!(confirmation.take(Some(5)), Some(5));
        }
    }

    #[test]
    fn a_value_that_was_wrong_stays_wrong_when_the_number_comes_to_be_that() {
        let mut confirmation = annotated(Some("4"));
        assert_eq!(confirmation.take(Some(5)), None);
        assert_eq!(confirmation.take(Some(4)), None);
        confirmation.observe(Some("5"));
        confirmation.observe(Some("4"));
        assert_eq!(confirmation.take(Some(4)), Some(4), "it was set again");
    }

    #[test]
    fn little_of_a_value_is_remembered() {
        let long = "5".repeat(100);
        let mut confirmation = annotated(Some(&long));
        assert_eq!(confirmation.take(Some(5)), None);
        assert_eq!(confirmation.handled().map(str::len), Some(REMEMBERED));
        confirmation.observe(Some(&long));
        assert_eq!(confirmation.take(Some(5)), None, "it is known to be the same");
        assert_eq!(Confirmation::restored(Some(&long)).handled().map(str::len), Some(REMEMBERED));
    }
}
