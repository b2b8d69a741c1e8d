"""What words in a column of statuses or of kinds of transaction mean, in many languages."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

from clv.ingest.columns.names import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

#: *counts*: a sale. *unpaid*: none yet. *cancelled*: none. *refunded*: taken back, in a status; a row
#: that takes back, in a kind. *event*: something else than a sale. Empty: not understood.
Meaning = Literal["counts", "unpaid", "cancelled", "refunded", "event", ""]

_REFUND: Final = (
    "rückzahl salescredit creditnotes notedecrédit refund return retour rückerstatt erstatt rückgabe zurückgeg zurückgesch rücksend rembours reembols "
    "devol devuel rimbors reso restitu terugbetaal geretourneerd återbet refunder tilbagebet "
    "tilbakebet palaut zwrot zwróc vrácen vratk visszatér visszaküld iade возвра повернен "
    "επιστροφ 返金 返品 退款 退货 退貨 환불 반품 chargeback chargedback rücklast reversed reversal "
    "creditnote creditmemo gutschrift avoir notadecrédito notadicredito kreditnota kreditfaktur "
    "pengembalian hoàntiền hoàntrả คืนเงิน คืนสินค้า استرداد مرتجع החזר वापस rambursat returnat povrat"
)
_CANCEL: Final = (
    "cancel annul storn anul abgebroch abbruch void fail fehlgeschlag declin reject abgelehnt "
    "refus rechaz rifiut recus odrzuc zamít abandon "
    "verfallen fraud betrug error fehler trash delete gelösch supprim eliminad "
    "quot angebot devis presupuesto "
    "preventivo orçamento offerte oferta cotización incomplete unvollständ incompl denied blocked "
    "abort 取消 キャンセル 失敗 失败 关闭 취소 실패 iptal başarısız отмен скасован отклон ошибк неудач "
    "ακυρ batal gagal hủy huỷ thấtbại ยกเลิก ล้มเหลว ملغ إلغاء فشل בוטל מבוטל रद्द peruut hylät avbr "
    "avbok makuler avvis zrušen selhal neúspě törölt lemond sikertelen respins eșuat otkaz mislukt "
    "geweigerd échou échec fallid fallit falhou misslyck epäonnist nieudan lost noshow "
    "timedout timeout insufficient unsuccessful notcompleted"
)
_UNPAID: Final = (
    "draft entwurf brouillon borrador bozza rascunho szkic expir abgelaufen caduc scadut verlop "
    "unpaid pending awaitingpayment awaitingpay onhold paymentdue notpaid authoriz authoris expected "
    "offen ausstehend unbezahlt nichtbezahl nopagad wartetaufzahlung zahlungausstehend vorgemerkt enattente impay "
    "attentedepaiement nonpay pendiente impagad porpagar sinpagar inattesa nonpagat dapagare "
    "aguardando pendente nãopag inafwachting nietbetaald openstaand väntar väntande obetald avvent "
    "afventer ubetalt odottaa maksamat oczekuj nieopłac niezapłac čeká nezaplac nezaplat függőben "
    "fizetésrevár fizetetlen înașteptare neplătit bekliyor bekleniyor ödenmedi beklemede ожида неоплач вожидании "
    "очіку неоплачен εκκρεμ 未払 未入金 入金待 保留 未付 待付款 待支付 미결제 미입금 대기 입금대기 "
    "menunggu belumbayar belumdibayar chờ chưathanhtoán รอชำระ ค้างชำระ قيدالانتظار غيرمدفوع ממתין "
    "लंबित uncaptur uncollected checkoutdraft unfulfilledpayment outstanding"
)
_COUNTS: Final = (
    "complet paid ship deliver fulfil success succeed settled captur approv accept process dispatch "
    "closed done finish confirm received invoiced ready picked packed sold won collected cleared "
    "bezahlt geliefert versendet versandt verschickt abgeschlossen erledigt bestätigt bearbeitung "
    "fertig abgeholt zugestellt payé payée livré expédi terminé validé encours traité réglé encaiss "
    "pagad enviad entreg completad finaliz procesa aprobad cobrad facturad pagat spedit consegnat "
    "evas conclus saldat pago enviado concluíd aprovad faturad betaald verzonden geleverd voltooid "
    "afgerond verwerk betald skickad levererad slutför klar betalt sendt leveret levert fullfør "
    "gennemført maksettu toimitettu lähetetty valmis zapłac opłac wysłan dostarcz zrealizow zakończ "
    "przetwarz zaplacen uhrazen odeslán doručen vyřízen dokončen kifizet fizetve szállít teljesít "
    "feldolgoz plătit livrat expediat finalizat ödendi tamamland kargo teslim hazırlan onayland "
    "оплачен отправлен доставлен выполнен завершен завершён обработ получен сплачен відправлен "
    "доставлен виконан πληρωμ ολοκληρ απεστάλ παραδόθ 完了 支払済 入金済 発送 出荷 配達 已完成 已付款 "
    "已支付 已发货 已發貨 完成 交易成功 签收 결제완료 배송 완료 selesai lunas dikirim dibayar hoànthành "
    "đãthanhtoán đãgiao thànhcông สำเร็จ ชำระแล้ว จัดส่ง เสร็จ مكتمل مدفوع تمالتسليم تمالشحن הושלם "
    "שולם נשלח नपूर्ण पूर्ण भुगतान plaćen isporučen završen"
)
_PARTLY: Final = (
    "partial partly teilweise teil partiel parcial parzial deels gedeeltelijk delvis osittain "
    "częściow částečn részben parțial kısmi частичн частков μερικ 一部 部分 일부 부분 sebagian mộtphần "
    "บางส่วน جزئ חלקי आंशिक"
)
#: Before what speaks of payment and goods: what is waited for is the delivery.
_WAITS_FOR_GOODS: Final = (
    "awaitingship awaitingfulfil awaitingpickup awaitingdeliver awaitingdispatch pendingfulfil "
    "pendingship pendingpickup pendingdeliver waitingforship wartetaufversand"
)
_SALE: Final = (
    "auftrag sale sell sold purchase order payment charge capture transaction checkout buy bought invoice "
    "verkauf kauf bestell rechnung zahlung vente achat commande facture paiement venta compra pedido "
    "factura pago vendita acquisto ordine fattura pagamento venda fatura verkoop aankoop betaling "
    "bestelling försälj köp betalning salg kjøp køb myynti osto sprzedaż zakup zamówien prodej nákup "
    "objednáv eladás vásárlás vânz cumpăr satış alım ödeme продаж покуп заказ оплат купівл πώληση "
    "αγορά 売上 購入 販売 销售 购买 銷售 購買 订单 구매 판매 결제 penjualan pembelian bán mua ขาย ซื้อ "
    "بيع شراء מכירה רכישה बिक्री subscription renewal donation income revenue debit"
)
_EVENT: Final = (
    "abbuchung umrechnung einbehalt bankkonto receivedemail clickedemail openedemail fulfilledorder "
    "orderedproduct activeonsite viewedproduct auth preauth void view click cart basket wish login logout search visit session impression "
    "transfer payout withdraw deposit fee adjust conversion hold tax topup reserve add_payment "
    "startedcheckout initiatedcheckout checkoutinitiated checkoutbegun checkoutstep "
    "engag video download install screen notif identif formstart formsubmit push "
    "addpaymentinfo begincheckout beginshipping addshippinginfo checkoutstart initiatecheckout "
    "startcheckout signup register subscribeemail emailopen open page scroll favorite favourite "
    "remove share rate review warenkorb ansicht panier vue carrito vista カート 閲覧 加购 浏览 收藏 "
    "장바구니 조회 корзин просмотр auszahlung gebühr überweis virement frais kreditkarte_auth quote"
)


@cache
def _stems(words: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(normalise(word) for word in words.split()))


def _has(word: str, words: str) -> bool:
    return any(stem in word for stem in _stems(words))


@cache
def meaning(role: str, word: str) -> Meaning:
    """Return what a word means in a column of statuses, of deliveries or of kinds.

    Parameters
    ----------
    role
        ``status``, ``fulfilment`` or ``kind``.
    word
        As the file writes it.
    """
    plain = normalise(re.sub(r"^wc-", "", word.strip().lower()))
    if not plain:
        return "counts"
    if role == "kind":
        return _kind(plain)
    return _status(plain)


def _status(plain: str) -> Meaning:  # noqa: PLR0911 - one line each
    if _has(plain, _WAITS_FOR_GOODS):
        return "counts"
    if _has(plain, _PARTLY):
        return "counts"
    if _negated(plain):
        return "counts" if _has(plain, "unshipped unfulfilled notshipped undelivered") else "unpaid"
    if _has(plain, _REFUND):
        return "refunded"
    if _has(plain, _CANCEL):
        return "cancelled"
    if _has(plain, _UNPAID):
        return "unpaid"
    return "counts" if _has(plain, _COUNTS) or plain in {"ok", "1", "true", "已"} else ""


def _negated(plain: str) -> bool:
    """Whether a word says that something has not happened: unpaid, nicht bezahlt, 未付款."""
    return plain.startswith(("un", "no", "nicht", "nie", "ne", "niet", "未", "미", "не")) and (
        _has(plain, _UNPAID)
        or _has(plain, "unshipped unfulfilled notshipped undelivered notdelivered notpaid")
    )


#: Codes of documents in ledgers.
_CODES: Final[dict[str, Meaning]] = {
    **dict.fromkeys(("si", "inv", "fac", "fv", "re", "ar"), "counts"),
    **dict.fromkeys(("sc", "cn", "crn", "cm", "gs", "nc", "scn"), "refunded"),
}


def _kind(plain: str) -> Meaning:
    if plain in _CODES:
        return _CODES[plain]
    if _has(plain, _REFUND):
        return "refunded"
    if _has(plain, _CANCEL.replace("quot ", "")) and "void" not in plain:
        return "cancelled"
    if _has(plain, _EVENT) and not plain.startswith(("preapproved", "websiteaccept")):
        return "event"
    return "counts" if _has(plain, _SALE) else ""


#: What a visitor does without buying; transfers and fees are nobody's visit.
_VISIT: Final = (
    "view click cart basket wish login search visit session impression checkout page scroll favorite "
    "favourite share rate review warenkorb ansicht panier vue carrito vista カート 閲覧 加购 浏览 收藏 "
    "장바구니 조회 корзин просмотр signup register open"
)


def is_visit(word: str) -> bool:
    """Whether a kind of row is something that a visitor does without buying."""
    return meaning("kind", word) == "event" and _has(normalise(word), _VISIT)


def known_share(role: str, cells: Sequence[str]) -> float:
    """Return which share of a column's different words is understood, 0 for none."""
    words = Counter(cells)
    return sum(bool(meaning(role, word)) for word in words) / len(words) if words else 0.0
