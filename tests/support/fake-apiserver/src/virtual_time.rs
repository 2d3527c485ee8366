//! A clock that stands still while there is work, and jumps to the next timer when there is none.
//!
//! Tokio's paused clock jumps whenever its thread would sleep, and an answer on its way through a real socket does not
//! hold it up: every deadline would run out at once. Here the thread is looked at each time that it is about to sleep.
//! While an exchange is under way, a blocking task is held, which is what keeps tokio's clock from jumping.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Builder;
use tokio::time::Instant;

/// When every virtual world begins: 2030-01-01, so that no time of the machine's clock is taken for one of it.
const BEGINNING: i64 = 1_893_456_000;
/// How often it is looked whether an exchange has ended about which nobody said so.
const GLANCE: Duration = Duration::from_millis(1);

thread_local! {
    static ORIGIN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The time of day of the virtual world on this thread.
///
/// # Panics
///
/// On a thread without one.
#[must_use]
pub fn now() -> Timestamp {
    #[allow(clippy::expect_used, reason = "the wrong clock would make a test pass that should fail")]
    let origin = ORIGIN.get().expect("a virtual world on this thread");
    let passed = SignedDuration::try_from(origin.elapsed()).unwrap_or(SignedDuration::MAX);
    beginning().saturating_add(passed).unwrap_or(Timestamp::MAX)
}

fn beginning() -> Timestamp {
    Timestamp::from_second(BEGINNING).unwrap_or_default()
}

/// Runs `work` to its end on this thread, on a clock of its own.
///
/// # Panics
///
/// If the system gives no runtime, and where `work` does.
pub fn run<F: Future>(work: impl FnOnce(VirtualTime) -> F) -> F::Output {
    let time = VirtualTime::default();
    let (before, after) = (time.clone(), time.clone());
    #[allow(clippy::expect_used, reason = "a test cannot go on without")]
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .on_thread_park(move || before.before_sleep())
        .on_thread_unpark(move || after.show_time())
        .build()
        .expect("a runtime");
    // Before the runtime goes, which waits for its blocking tasks.
    let _end = End(time.clone());
    runtime.block_on(async {
        ORIGIN.set(Some(Instant::now()));
        time.show_time();
        work(time).await
    })
}

struct End(VirtualTime);

impl Drop for End {
    fn drop(&mut self) {
        self.0.0.over.store(true, Ordering::SeqCst);
        self.0.0.changed.notify_all();
        ORIGIN.set(None);
    }
}

type Count = Box<dyn Fn() -> i64 + Send>;

/// A virtual world's clock, seen from any thread. Cheap to clone.
#[derive(Clone, Default)]
pub struct VirtualTime(Arc<Shared>);

#[derive(Default)]
struct Shared {
    counts: Mutex<Vec<Count>>,
    /// Microseconds since the epoch.
    shown: AtomicI64,
    /// Whether a blocking task keeps the clock from jumping.
    held: AtomicBool,
    changed: Condvar,
    waiting: Mutex<()>,
    over: AtomicBool,
}

impl VirtualTime {
    /// The time of day, on any thread.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.shown.load(Ordering::SeqCst)).unwrap_or_default()
    }

    /// Time stands still while the sum of all counts is not 0. Who asks counts an exchange as 1, and who is known never to
    /// answer it as -1, so that a deadline can end it; both notice the end at different times.
    pub fn count(&self, exchanges: impl Fn() -> i64 + Send + 'static) {
        lock(&self.0.counts).push(Box::new(exchanges));
    }

    fn is_busy(&self) -> bool {
        lock(&self.0.counts).iter().map(|count| count()).sum::<i64>() != 0
    }

    fn show_time(&self) {
        if ORIGIN.get().is_some() {
            self.0.shown.store(now().as_microsecond(), Ordering::SeqCst);
        }
    }

    fn before_sleep(&self) {
        if !self.is_busy() {
            self.0.changed.notify_all();
        } else if !self.0.held.swap(true, Ordering::SeqCst) {
            let time = self.clone();
            drop(tokio::task::spawn_blocking(move || time.hold()));
        }
    }

    /// Ends when nothing is under way any more; that this task ends wakes the runtime.
    fn hold(&self) {
        let mut waiting = lock(&self.0.waiting);
        while self.is_busy() && !self.0.over.load(Ordering::SeqCst) {
            let (again, _) = self.0.changed.wait_timeout(waiting, GLANCE).unwrap_or_else(PoisonError::into_inner);
            waiting = again;
        }
        self.0.held.store(false, Ordering::SeqCst);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    #[test]
    fn a_day_passes_at_once_and_the_time_of_day_with_it() {
        let began = std::time::Instant::now();
        run(|time| async move {
            let before = time.now();
            sleep(Duration::from_hours(24)).await;
            assert_eq!(time.now().duration_since(before), SignedDuration::from_hours(24));
            assert_eq!(time.now(), now());
        });
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn time_stands_still_during_an_exchange_and_goes_on_after_it() {
        run(|time| async move {
            let under_way = Arc::new(AtomicI64::new(0));
            let count = Arc::clone(&under_way);
            time.count(move || count.load(Ordering::SeqCst));
            for _ in 0..50 {
                let before = Instant::now();
                under_way.store(1, Ordering::SeqCst);
                let count = Arc::clone(&under_way);
                let answer = exchange(move || count.store(0, Ordering::SeqCst));
                let answer = tokio::time::timeout(Duration::from_secs(1), answer).await;
                assert!(answer.is_ok(), "a deadline ran out though the answer took 5 ms");
                assert!(before.elapsed() < Duration::from_secs(1));
                sleep(Duration::from_hours(1)).await;
            }
        });
    }

    #[test]
    fn what_takes_for_ever_ends_by_its_deadline() {
        run(|time| async move {
            time.count(|| 1);
            time.count(|| -1);
            let never = tokio::time::timeout(Duration::from_secs(75), std::future::pending::<()>());
            assert!(never.await.is_err());
        });
    }

    /// Something that takes real time and is told by a socket.
    async fn exchange(done: impl FnOnce()) {
        use tokio::io::AsyncReadExt;
        let (near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let mut near = tokio::net::UnixStream::from_std(near).unwrap();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(5));
            std::io::Write::write_all(&mut far, b"x").unwrap();
        });
        near.read_u8().await.unwrap();
        done();
    }
}
