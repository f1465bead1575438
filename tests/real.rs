//! Real captures that others made, in ../shared/captures/real: what issue and manifest say of them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panic"
)]

use faxflow::api::analysis::reading::Analysis;
use faxflow::api::analysis::{Analysed, Options};
use faxflow::api::call::{Call, EventKind, FaxCarrier, Side, Verdict};
use faxflow::api::line::Fcs;

#[path = "support/shared.rs"]
mod shared;

/// All calls of a real capture, and the notes of it.
fn calls(name: &str) -> (Vec<Analysed>, Vec<String>) {
    let file = shared::shared("real").join(name);
    let mut analysis = Analysis::open(Options {
        file,
        ..Options::default()
    })
    .unwrap();
    analysis.read_all(|_| {}).unwrap();
    let numbers: Vec<_> = analysis.numbers().collect();
    let notes = analysis
        .info()
        .notes
        .iter()
        .map(|note| note.text.clone())
        .collect();
    (analysis.analyse_all(&numbers, true).unwrap(), notes)
}

/// Names of the whole T.30 messages of a side.
fn messages(call: &Call, side: Side) -> Vec<String> {
    call.events
        .iter()
        .filter(|event| event.from == side)
        .filter_map(|event| match &event.kind {
            EventKind::T30(frame) if frame.fcs == Fcs::Good && !frame.damaged => {
                Some(frame.name().into_owned())
            }
            _ => None,
        })
        .collect()
}

fn bursts(call: &Call) -> Vec<(u32, Option<u32>, u32, u32)> {
    call.events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::PageData(data) => Some((data.page, data.block, data.frames, data.resent)),
            _ => None,
        })
        .collect()
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn ecm_with_ppr_behind_nat() {
    let (calls, _) = calls("fax_t38_sip_ecm_ppr_nat.pcap");
    assert_eq!(calls.len(), 1);
    let call = &calls[0].call;
    let fax = call.fax.as_ref().unwrap();
    assert_eq!(
        (fax.verdict, fax.modem, fax.bit_rate, fax.ecm),
        (Verdict::Ok, Some("V.29"), Some(9600), Some(true))
    );
    let sender = fax.sender.unwrap();
    let sent = messages(call, sender);
    assert!(
        sent.iter().any(|name| name == "DCS") && sent.last().is_some_and(|name| name == "DCN"),
        "{sent:?}"
    );
    let received = messages(call, sender.other());
    for name in ["DIS", "CFR", "PPR", "MCF"] {
        assert!(
            received.iter().any(|found| found == name),
            "{name} in {received:?}"
        );
    }
    assert!(
        call.events
            .iter()
            .any(|event| matches!(event.kind, EventKind::Tcf(_)))
    );
    assert_eq!(
        bursts(call),
        [
            (1, Some(0), 256, 0),
            (1, Some(0), 6, 6),
            (1, Some(1), 18, 0)
        ]
    );
    let rules: Vec<&str> = calls[0].hints.iter().map(|hint| hint.rule.id).collect();
    assert!(rules.contains(&"t30-ppr"), "{rules:?}");
    assert!(
        rules.contains(&"udptl-source-mismatch") || rules.contains(&"t38-private-address"),
        "{rules:?}"
    );
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn t38_without_a_reinvite_or_without_sip_is_found() {
    for name in [
        "fax_t38_cisco_nse_sip_ogw.pcapng",
        "fax_t38_cisco_nse_sip_tgw_snap512.pcapng",
        "fax_t38_h323_ogw.pcapng",
        "fax_t38_h323_tgw.pcapng",
    ] {
        let (calls, _) = calls(name);
        let faxes: Vec<&Analysed> = calls.iter().filter(|one| one.call.fax.is_some()).collect();
        assert_eq!(faxes.len(), 1, "{name}");
        let call = &faxes[0].call;
        let fax = call.fax.as_ref().unwrap();
        assert_eq!(
            (fax.carrier, fax.verdict),
            (FaxCarrier::T38, Verdict::Ok),
            "{name}"
        );
        assert_eq!(
            (fax.pages_sent, fax.pages_confirmed, fax.bit_rate),
            (2, 2, Some(9600)),
            "{name}"
        );
        assert_eq!(call.call_id.is_none(), name.contains("h323"), "{name}");
        assert_eq!(fax.sender, Some(Side::Caller), "{name}");
    }
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn refused_t38_is_no_t38() {
    let (calls, _) = calls("fax_t38_rejected_488_megaco_b2bua_fourlegs.pcap");
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|one| one.call.packets.t38 == 0));
    assert!(calls.iter().all(|one| one.call.other_leg.is_some()));
    for one in &calls {
        let refused = one
            .call
            .negotiations
            .iter()
            .any(|offer| offer.offers_t38() && offer.status == Some(488));
        assert!(refused, "call {}", one.call.number);
        assert_eq!(one.call.fax.as_ref().unwrap().carrier, FaxCarrier::G711);
    }
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn dialogs_with_invite_are_as_many_as_there_are() {
    // By `tshark -Y sip`: Call-IDs with an INVITE.
    for (name, expected) in [
        ("sip_adsl_phone_call.pcap", 1),
        ("sip_cloudshark_s0_call.pcap", 2),
        ("sip_compact_headers.pcap", 1),
        ("sip_dtmf_info.pcap", 1),
        ("sip_erspan_gre_blf_488.pcapng", 3),
        ("sip_g711_voice_vega_ata_401_sll.pcap", 1),
        ("sip_h263_video.pcap", 1),
        ("sip_invalid_content_length.pcap", 1),
        ("sip_invite_spoof_metasploit.pcap", 1),
        ("sip_ipip_tcp.pcap", 1),
        ("sip_ipv6_frag_prack_update_sll.pcap", 1),
        ("sip_ipv6_udp_call.pcap", 1),
        ("sip_kpml_subscribe_notify.pcapng", 1),
        ("sip_long_via_record_route_paths.pcap", 0),
        ("sip_magicjack_short_call.pcap", 1),
        ("sip_options_smallest.pcap", 0),
        ("sip_rawip_linktype.pcap", 1),
        ("sip_register_invite_aaa_wireshark.pcap", 4),
        ("sip_requests_mixed.pcap", 1),
        ("sip_responses_mixed.pcap", 0),
        ("sip_rtp_g711.pcap", 2),
        ("sip_rtp_opus_hybrid.pcap", 1),
        ("sip_sctp_isup_multipart_sll.pcap", 1),
        ("sip_session_timer_422.pcapng", 1),
        ("sip_subscribe_notify_multi_ssrc.pcap", 1),
        ("sip_tcp_call_with_rtp.pcap", 1),
        ("sip_tcp_prack_early_offer_183.pcapng", 1),
        ("sip_tcp_refer_multi_msg_per_segment.pcapng", 1),
        ("sip_tcp_register.pcap", 0),
        ("sip_tcp_retrans_sll.pcap", 0),
        ("sip_vlan_gre_ppp_qinq_pppoe.pcapng", 5),
    ] {
        let (calls, _) = calls(name);
        let ids: std::collections::BTreeSet<_> =
            calls.iter().map(|one| one.call.call_id.clone()).collect();
        assert_eq!(ids.len(), expected, "{name}: {ids:?}");
        assert!(
            calls.iter().all(|one| one.call.fax.is_none()),
            "{name}: a voice call is no fax"
        );
    }
}
