//! debug
use faxflow::analysis::{Options, reading::Analysis};
fn main() {
    let file = std::env::args().nth(1).unwrap().into();
    let mut a = Analysis::open(Options {
        file,
        ..Options::default()
    })
    .unwrap();
    a.read_all(|_| {}).unwrap();
    println!("{:?}", a.info());
    let numbers: Vec<_> = a.numbers().collect();
    for n in &numbers {
        println!("{:?}", a.row(*n));
    }
    for one in a.analyse_all(&numbers, false).unwrap() {
        let c = &one.call;
        println!(
            "== call {} {:?} {:?} fax {:?}",
            c.number, c.call_id, c.state, c.fax
        );
        if std::env::args().nth(2).is_some() {
            for e in &c.events {
                let s = format!("{:?}", e.kind);
                let name = match &e.kind {
                    faxflow::call::EventKind::T30(f) => format!("{} {}", f.name(), f.detail()),
                    faxflow::call::EventKind::Sip(s) => format!("{}", s.message.start),
                    _ => s.chars().take(100).collect(),
                };
                println!(
                    "  {} {:.3} {} x{} {}{} {}",
                    e.frame,
                    e.at.seconds_since(c.started),
                    e.from,
                    e.repeat,
                    if e.observed { "" } else { "NEVER " },
                    if e.retransmission { "RETRANS" } else { "" },
                    name
                );
            }
        }
        for h in &one.hints {
            println!(
                "  {:?} {} {:?} {}",
                h.finding.severity, h.rule.id, h.finding.frames, h.finding.seen
            );
        }
    }
}
