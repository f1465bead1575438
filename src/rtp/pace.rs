//! The pace of a sender: whether the sound it sends takes as long as it lasts.
//!
//! A packet of 20 ms every 70 ms is neither jitter nor loss: nothing on the way did it, and no buffer helps.

use super::RtpPace;
use crate::capture::FrameNo;

/// From one packet to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Frame of the second one.
    pub(super) frame: FrameNo,
    /// Seconds of sound by the time stamps.
    pub(super) sound: f64,
    /// Seconds by the capture's clock.
    pub(super) time: f64,
    /// No sequence number lies between.
    pub(super) is_next: bool,
}

/// Pieces that are measured for themselves, seconds.
const PIECE: f64 = 1.0;
/// Shortest stretch, seconds.
const SHORTEST: f64 = 5.0;
/// Deviation from real time that is none of a clock.
const DEVIATION: f64 = 0.05;
/// Share of the pieces that keep the pace.
const KEEP: f64 = 0.8;
/// How much a piece may differ from the pace, of it.
const SPREAD: f64 = 0.1;

/// A piece of a stretch.
#[derive(Clone, Copy, Default)]
struct Piece {
    first: FrameNo,
    last: FrameNo,
    sound: f64,
    time: f64,
    packets: f64,
}

/// The pace of the longest stretch without a gap in the sequence numbers, if it is steady and not that of real time.
pub(super) fn steady(steps: &[Step]) -> Option<RtpPace> {
    let stretches = steps.split(|step| !step.is_next || step.sound <= 0.0 || step.time < 0.0);
    let longest = stretches.max_by(|one, other| length(one).total_cmp(&length(other)))?;
    let pieces = pieces(longest);
    let mut ratios: Vec<f64> = pieces
        .iter()
        .map(|piece| piece.sound / piece.time)
        .collect();
    ratios.sort_by(f64::total_cmp);
    let middle = *ratios.get(ratios.len() / 2)?;
    let count = |fits: &dyn Fn(f64) -> bool| ratios.iter().filter(|ratio| fits(**ratio)).count();
    let steady = count(&|ratio| (ratio - middle).abs() <= SPREAD * middle);
    let most = share(steady, ratios.len()) >= KEEP;
    let (time, packets) = pieces.iter().fold((0.0, 0.0), |sum, piece| {
        (sum.0 + piece.time, sum.1 + piece.packets)
    });
    let is_off = (middle - 1.0).abs() > DEVIATION;
    (time >= SHORTEST && most && is_off).then_some(RtpPace {
        ratio: middle,
        packets_per_second: packets / time,
        first: pieces.first()?.first,
        last: pieces.last()?.last,
        seconds: time,
    })
}

fn length(steps: &[Step]) -> f64 {
    steps.iter().map(|step| step.time).sum()
}

#[expect(clippy::cast_precision_loss, reason = "counts of seconds of a capture")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// Whole pieces of a stretch.
fn pieces(steps: &[Step]) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut piece = Piece::default();
    for step in steps {
        if piece.packets == 0.0 {
            piece.first = step.frame;
        }
        piece.last = step.frame;
        piece.sound += step.sound;
        piece.time += step.time;
        piece.packets += 1.0;
        if piece.time >= PIECE {
            out.push(piece);
            piece = Piece::default();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of 20 ms that come every so many seconds.
    fn sent(every: impl Fn(u32) -> f64, count: u32) -> Vec<Step> {
        (0..count)
            .map(|number| Step {
                frame: FrameNo(number),
                sound: 0.02,
                time: every(number),
                is_next: true,
            })
            .collect()
    }

    #[test]
    fn a_slow_sender_has_a_pace() {
        let pace = steady(&sent(|_| 0.07, 200)).unwrap();
        assert!((pace.ratio - 0.2857).abs() < 0.001);
        assert!((pace.packets_per_second - 14.3).abs() < 0.1);
    }

    #[test]
    fn jitter_stalls_and_loss_are_no_pace() {
        assert_eq!(steady(&sent(|_| 0.02, 500)), None);
        assert_eq!(
            steady(&sent(
                |number| if number % 2 == 0 { 0.005 } else { 0.035 },
                500
            )),
            None
        );
        // A stall of two seconds, and all of it at once after that.
        let stalled = sent(
            |number| match number {
                200 => 2.0,
                201..=299 => 0.0002,
                _ => 0.02,
            },
            600,
        );
        assert_eq!(steady(&stalled), None);
        // Too short.
        assert_eq!(steady(&sent(|_| 0.07, 60)), None);
        let mut lossy = sent(|_| 0.07, 200);
        for step in lossy.iter_mut().step_by(40) {
            step.is_next = false;
        }
        assert_eq!(steady(&lossy), None);
    }
}
