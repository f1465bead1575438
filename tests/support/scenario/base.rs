//! Complete calls, written in the language of the scenarios.

use std::fmt::Write as _;

use super::text::Words;

/// The steps of a base: `t38 pages=2`, `audio ecm=off`, `call`, `two-legs t38=A`.
pub(crate) fn text(args: &Words) -> String {
    let name = args.need(0, "base");
    let mut out = String::new();
    match name {
        "none" => return out,
        "call" => {
            setup(&mut out, "A", args);
            out.push_str("wait 2\n");
        }
        "t38" => {
            setup(&mut out, "A", args);
            switch(&mut out, "A", args);
            fax(&mut out, "A", args);
        }
        "audio" => {
            setup(&mut out, "A", args);
            fax(&mut out, "A", args);
        }
        "two-legs" => {
            setup(&mut out, "AB", args);
            switch(&mut out, args.option("t38").unwrap_or("AB"), args);
            fax(&mut out, "AB", args);
        }
        other => panic!("no base `{other}`"),
    }
    let legs = if name == "two-legs" { "AB" } else { "A" };
    let by = arrow(args.option("bye"), ">");
    let back = if by == ">" { "<" } else { ">" };
    let _ = write!(
        out,
        "+0.4 {legs}{by} BYE\n{legs}{back} 200 as bye200\nmode none\nidle 40 as end\n"
    );
    out
}

fn arrow(option: Option<&str>, usual: &'static str) -> &'static str {
    match option {
        Some("caller") => ">",
        Some("callee") => "<",
        _ => usual,
    }
}

/// INVITE to ACK, and a second of sound.
fn setup(out: &mut String, legs: &str, args: &Words) {
    let _ = writeln!(out, "{legs}> INVITE audio");
    for leg in legs.chars() {
        let _ = writeln!(out, "{leg}< 100");
    }
    let _ = write!(out, "+0.3 {legs}< 180\n+1 {legs}< 200 audio\n{legs}> ACK\n");
    if args.option("sound") != Some("off") {
        out.push_str("mode audio\n");
    }
    out.push_str("wait 0.6\n");
}

/// The re-INVITE to T.38.
fn switch(out: &mut String, legs: &str, args: &Words) {
    let by = arrow(args.option("by"), "<");
    let back = if by == ">" { "<" } else { ">" };
    let _ = write!(
        out,
        "{legs}{by} INVITE image as reinvite\n{legs}{back} 200 image as re200\n{legs}{by} ACK as reack\n"
    );
    for leg in legs.chars() {
        let _ = writeln!(out, "mode t38 leg={leg} as t38");
    }
}

/// Phases A to E.
fn fax(out: &mut String, legs: &str, args: &Words) {
    let rate = args.option("rate").unwrap_or("14400");
    let ecm = if args.option("ecm") == Some("off") {
        ""
    } else {
        "ecm"
    };
    let pages = args.count("pages").unwrap_or(1);
    let _ = write!(
        out,
        "+0.2 {legs}> cng\n+0.2 {legs}< ced\n\
         +0.1 {legs}< t30 CSI=5550002, DIS v17 fine {ecm}\n\
         {legs}> t30 TSI=5550001, DCS {rate} fine {ecm}\n\
         {legs}> tcf {rate}\n\
         {legs}< t30 CFR\n"
    );
    for page in 0..pages {
        let command = if page + 1 == pages { "EOP" } else { "MPS" };
        if ecm.is_empty() {
            let _ = write!(out, "{legs}> page {rate}\n{legs}> t30 {command}\n");
        } else {
            let _ = write!(
                out,
                "{legs}> ecm {rate} frames=4\n{legs}> t30 PPS-{command} page={page} frames=4\n"
            );
        }
        let _ = writeln!(out, "{legs}< t30 MCF");
    }
    let _ = writeln!(out, "{legs}> t30 DCN");
}
