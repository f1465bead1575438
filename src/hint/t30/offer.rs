//! What a receiver offered in its DIS, and what of it came to the sender: a PBX in between may change it.

use crate::call::exchange::Line;
use crate::call::{Event, EventKind, pair_messages};
use crate::hint::Scene;
use crate::hint::scene::event;
use crate::t30::capability::Capabilities;
use crate::t30::frame::T30Frame;

/// A DIS or DTC from end to end.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    /// As the receiver sent it.
    pub(super) made: Capabilities,
    /// As the sender got it.
    pub(super) got: Capabilities,
}

impl Offer {
    /// The offer that is this message of this call; of one leg what is here is all that is known.
    pub(super) fn of(scene: &Scene<'_>, line: &Line<'_>) -> Option<Self> {
        let here = line.valid()?;
        let one = Capabilities::new(here.fif());
        let there = scene.other.and_then(|other| {
            let pairs = pair_messages(scene.call, other);
            let pair = pairs.iter().find(|pair| pair.a == line.event.id)?;
            let there = whole(event(other, pair.b)?)?;
            Some((pair.from_a, Capabilities::new(there.fif())))
        });
        Some(match there {
            Some((true, got)) => Self { made: one, got },
            Some((false, made)) => Self { made, got: one },
            None => Self {
                made: one.clone(),
                got: one,
            },
        })
    }
}

fn whole(event: &Event) -> Option<&T30Frame> {
    match &event.kind {
        EventKind::T30(frame) if !frame.is_doubtful() => Some(frame),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::call::{Call, CallNo, Side, Verdict};
    use crate::hint::fixture::{CALLEE, CALLER, Script};
    use crate::hint::{PointOfView, Scene, rule};
    use crate::t30::Fcf;

    /// Without FCF. V.17 to 14400 and ECM; V.29 without ECM.
    const FULL: &[u8] = &[0x00, 0x77, 0x5f, 0x23, 0x01];
    const CUT: &[u8] = &[0x00, 0x73, 0x5f, 0x03, 0x01];
    /// V.29 9600, no ECM.
    const DCS: &[u8] = &[0x00, 0x65, 0x1e];

    fn leg(number: u32, dis: &[u8], delays: (f64, f64)) -> Call {
        let script = Script::switched().udptl(200, 4.0, 40.0);
        let mut script = script
            .t30(8.0 + delays.1, CALLEE, Fcf::Dis, dis)
            .t30(10.0 + delays.0, CALLER, Fcf::Dcs, DCS)
            .t30(14.0 + delays.1, CALLEE, Fcf::Cfr, &[])
            .fax(Verdict::Ok, crate::call::FaxCarrier::T38);
        script.call.number = CallNo(number);
        if let Some(fax) = &mut script.call.fax {
            fax.sender = Some(Side::Caller);
        }
        crate::hint::fixture::read(&script.call)
    }

    fn seen(id: &str, call: &Call, other: Option<&Call>) -> String {
        let view = PointOfView::default();
        let found = rule(id)
            .unwrap()
            .check
            .findings(&Scene::new(call, other, &view));
        found
            .first()
            .map_or_else(String::new, |one| one.seen.clone())
    }

    #[test]
    fn what_the_pbx_took_out_nobody_chose() {
        let near = leg(1, CUT, (0.0, 0.04));
        let far = leg(2, FULL, (0.04, 0.0));
        // One leg alone does not show it.
        assert!(seen("t30-ecm-off", &far, None).contains("(caller chose so)"));
        assert!(seen("t30-low-rate", &far, None).contains("both could do 14400"));
        for (here, there) in [(&near, &far), (&far, &near)] {
            let text = seen("t30-ecm-off", here, Some(there));
            assert!(text.contains("(the PBX took it out of the DIS)"), "{text}");
        }
        let text = seen("t30-low-rate", &far, Some(&near));
        assert!(
            text.contains("(the PBX took 14400 out of the DIS)"),
            "{text}"
        );
        assert_eq!(seen("t30-low-rate", &near, Some(&far)), "");
    }

    #[test]
    fn what_the_pbx_put_in_the_receiver_cannot() {
        let near = leg(1, FULL, (0.0, 0.04));
        let far = leg(2, CUT, (0.04, 0.0));
        assert!(seen("t30-ecm-off", &near, Some(&far)).contains("(caller chose so)"));
        assert_eq!(seen("t30-low-rate", &near, Some(&far)), "");
    }
}
