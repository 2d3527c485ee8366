//! Shortens a history that fails.

use std::time::{Duration, Instant};

use super::steps::Step;

/// How often a shorter history is tried: the operator's own chance is not repeated.
const TRIES: usize = 3;
/// How long this takes at most.
const PATIENCE: Duration = Duration::from_secs(90);

/// Takes steps away as long as what is left still fails; answers what is left, and how it fails.
pub fn shrink(
    mut steps: Vec<Step>,
    mut failure: String,
    fails: impl Fn(&[Step]) -> Option<String>,
) -> (Vec<Step>, String) {
    let end = Instant::now() + PATIENCE;
    let mut size = steps.len().div_ceil(2);
    while size > 0 {
        let (before, mut from) = (steps.len(), 0);
        while from < steps.len() && Instant::now() < end {
            let shorter: Vec<Step> = [&steps[..from], &steps[(from + size).min(steps.len())..]].concat();
            match (0..TRIES).find_map(|_| fails(&shorter)) {
                Some(how) => (steps, failure) = (shorter, how),
                None => from += size,
            }
        }
        // Single steps are tried again until none can be spared.
        size = if size == 1 && steps.len() < before && Instant::now() < end { 1 } else { size / 2 };
    }
    (steps, failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_what_it_takes() {
        let steps: Vec<Step> = (0..40).map(Step::Wait).collect();
        let has =
            |steps: &[Step], wait: u64| steps.iter().any(|step| matches!(step, Step::Wait(long) if *long == wait));
        let fails = |steps: &[Step]| (has(steps, 7) && has(steps, 31)).then(|| "fails".to_owned());
        let (left, _) = shrink(steps, String::new(), fails);
        assert_eq!(format!("{left:?}"), "[Wait(7), Wait(31)]");
    }
}
