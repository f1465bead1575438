//! Work on several processors, with results in the order of what was asked.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// How many threads work: `--threads`, else as many as there are processors for this process.
pub(super) fn threads(asked: Option<NonZeroUsize>) -> NonZeroUsize {
    asked
        .or_else(|| thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

/// The result for each piece, in their order. The calling thread works too; where the system gives no further ones, it
/// works alone.
pub(super) fn in_order<T: Sync, R: Send>(
    threads: NonZeroUsize,
    pieces: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let helpers = threads.get().min(pieces.len()).saturating_sub(1);
    if helpers == 0 {
        return pieces.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(pieces.len()));
    let run = || {
        while let place = next.fetch_add(1, Ordering::Relaxed)
            && let Some(piece) = pieces.get(place)
        {
            let result = work(piece);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((place, result));
        }
    };
    thread::scope(|scope| {
        for _ in 0..helpers {
            let named = thread::Builder::new().name("work".to_owned());
            if named.spawn_scoped(scope, run).is_err() {
                break;
            }
        }
        run();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order() {
        let pieces: Vec<u64> = (0..200).collect();
        let slow_first = |piece: &u64| {
            thread::sleep(std::time::Duration::from_micros(200 - piece));
            piece * 2
        };
        let alone: Vec<u64> = pieces.iter().map(|piece| piece * 2).collect();
        for threads in [1, 2, 7, 500] {
            let threads = NonZeroUsize::new(threads).unwrap();
            assert_eq!(in_order(threads, &pieces, slow_first), alone);
        }
        assert!(in_order(NonZeroUsize::MIN, &[], slow_first).is_empty());
    }
}
