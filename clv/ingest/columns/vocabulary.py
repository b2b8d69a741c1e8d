"""What the words in column names mean, in many languages.

A header such as ``Kundennummer``, ``bill-to e-mail`` or ``注文日`` is taken apart into words that are known
here, and each word stands for a concept: *customer*, *id*, *email*, *order*, *date*. What a column is
is then said in concepts (`clv.ingest.columns.names`), in no language.
"""

from __future__ import annotations

from typing import Final

#: Concept → words in their usual spelling; compared after `clv.ingest.columns.names.normalise`.
CONCEPTS: Final[dict[str, str]] = {
    "customer": (
        "customer customers cust client clients clnt buyer buyers shopper consumer member subscriber "
        "user users household household_key visitor patron account contact payer donor purchaser sellto sell_to kunnr kunag "
        "billto bill_to payee sold_to soldto partner debtor cardholder loyalty guest person "
        "kunde kunden kundin käufer besteller debitor auftraggeber mandant kd benutzer mitglied "
        "cliente clientes comprador compradora socio usuario miembro utilisateur acheteur adhérent "
        "membre klant klanten koper gebruiker lid kund kunder kunden köpare kjøper køber asiakas "
        "asiakkaan ostaja klient klienta klienci nabywca kupujący zákazník zákazníka kupující odběratel "
        "ügyfél vevő vásárló client_ului clientul cumpărător müşteri alıcı клиент клиента покупатель "
        "покупателя заказчик контрагент клієнт покупець замовник πελάτης πελάτη πελατης αγοραστής "
        "顧客 お客様 お客さま 会員 購入者 客户 顾客 客戶 买家 買家 会员 會員 用户 用戶 고객 회원 구매자 "
        "pelanggan pembeli nasabah konsumen kháchhàng khách ลูกค้า ผู้ซื้อ عميل العميل زبون الزبون "
        "לקוח ग्राहक acquirente compratore utente korisnik kupac stranka купувач клиенти"
    ),
    "other": (  # Somebody else than the customer, or a thing.
        "seller sellers vendor supplier merchant shop store stores branch outlet employee staff rep "
        "salesperson salesman sales_rep agent cashier clerk operator manager courier carrier warehouse "
        "terminal register till location site marketplace affiliate referrer lieferant verkäufer "
        "filiale mitarbeiter kassierer kasse vendeur fournisseur magasin vendedor proveedor tienda "
        "caja venditore fornitore negozio verkoper leverancier winkel sprzedawca sklep prodejce "
        "продавец магазин поставщик 店舗 販売者 卖家 商家 店铺 판매자 매장 penjual toko satıcı mağaza "
        "to recipient receiver consignee empfänger destinataire destinatario"
    ),
    "id": (
        "id ids uid uuid guid no nr num number numbers key code ref reference identifier index "
        "kennung nummer nummern schlüssel kennziffer código codigo clave número numero numéro réf "
        "référence identifiant identificador identificativo codice kod kód číslo azonosító szám "
        "номер код ид айди numer numeru tunnus numero_a αριθμός κωδικός 番号 コード 编号 编码 號碼 編號 "
        "号 號 번호 아이디 코드 nomor kode mã numara رقم מספר मोडक क्रमांक หมายเลข รหัส sıra "
        "numărul cod broj šifra номера № #"
    ),
    "email": (
        "email emails mail e_mail emailaddress mailaddress correo courriel epost sähköposti eposta "
        "emailadresse mailadresse adresse_mail почта имейл емейл електроннапошта メール メールアドレス "
        "邮箱 邮件 電郵 电子邮件 电子邮箱 이메일 메일 surel อีเมล البريد אימייל דואל ईमेल posta_elettronica"
    ),
    "phone": (
        "phone mobile tel telephone telefon telefono téléphone handy cell telefoon телефон 電話 电话 "
        "手机 전화 telepon điệnthoại msisdn whatsapp"
    ),
    "name": (
        "name names fullname full_name nom nombre nome naam namn navn nimi nazwa imię jméno név nume "
        "isim adı имя фио название наименование ім'я όνομα επωνυμία 氏名 名前 お名前 姓名 名称 名 "
        "이름 성명 nama tên ชื่อ اسم שם नाम surname lastname last_name firstname first_name vorname "
        "nachname prénom apellido apellidos cognome sobrenome nachnaam efternamn nazwisko příjmení "
        "soyad фамилия 姓 company firma société empresa azienda ragione_sociale bedrijf spółka компания "
        "会社名 公司"
    ),
    "address": (
        "address street city zip postcode postal town country state province region adresse straße "
        "ort plz ville rue pays ciudad calle país dirección indirizzo città stad straat adress "
        "адрес город 住所 地址 주소 alamat ip"
    ),
    "order": (
        "order orders invoice invoices receipt basket cart ticket bill check cheque booking purchase "
        "reservation document doc vbeln voucher_no bon bestellung bestellungs bestell auftrag auftrags "
        "rechnung rechnungs beleg belege kauf quittung kassenbon vorgang commande facture achat reçu "
        "panier pedido compra factura recibo orden boleta venta nota ordine fattura acquisto scontrino "
        "ricevuta encomenda fatura bestelling factuur aankoop order beställning faktura köp kvitto ordre "
        "bestilling køb kjøp tilaus lasku osto zamówienie zamówienia paragon zakup objednávka objednávky "
        "nákup účtenka rendelés számla vásárlás nyugta comandă comanda comenzii bon_fiscal sipariş fiş "
        "alışveriş заказ заказа покупка покупки чек накладная счет замовлення покупки рахунок παραγγελία "
        "παραγγελίας τιμολόγιο αγορά απόδειξη 注文 請求 受注 購入 伝票 領収書 オーダー 订单 訂單 购买 發票 "
        "发票 单据 单 單 주문 구매 영수증 pesanan pembelian faktur nota đơnhàng đơn hóađơn คำสั่งซื้อ "
        "ใบเสร็จ การสั่งซื้อ طلب الطلب فاتورة הזמנה חשבונית ऑर्डर आदेश चालान narudžba račun поръчка"
    ),
    "transaction": (
        "transaction transactions txn trx tx trans transaktion transaktions buchung transacción "
        "transazione transação transactie transakcja transakce tranzakció tranzacție işlem транзакция "
        "операция транзакція συναλλαγή 取引 交易 거래 transaksi giaodịch ธุรกรรม معاملة עסקה payment "
        "payments charge zahlung paiement pago pagamento betaling betalning płatność платеж ödeme 支払 "
        "支付 付款 결제 pembayaran event_id"
    ),
    "session": "session sessions visit_id",
    "line": (
        "line lines row posnr item_id lineitem position pos zeile positions ligne línea riga linha regel rad "
        "wiersz řádek sor satır строка 行 明細 明细 行号 seq sequence sequential lp"
    ),
    "date": (
        "date dates day_of dt erdat audat fkdat budat datum datums tag fecha día data dia jour giorno dag dato päivä "
        "päivämäärä pvm dzień den napja dátum kelte nap tarih tarihi gün дата дата_время день "
        "ημερομηνία ημ/νία 日 日付 日時 日期 年月日 날짜 일자 일시 일 tanggal tgl ngày วันที่ วัน تاريخ "
        "التاريخ תאריך दिनांक तारीख datumtijd"
    ),
    "time": (
        "time hour clock uhrzeit zeit heure hora ora tijd tid tidspunkt kellonaika aika czas godzina "
        "čas idő saat время час ώρα 時刻 時間 时间 時間 시간 시각 waktu jam giờ เวลา وقت שעה समय"
    ),
    "timestamp": (
        "timestamp datetime date_time ts zeitstempel horodatage fecha_hora dataora epoch moment "
        "tijdstip tidsstämpel"
    ),
    "created": (
        "created creation placed ordered purchased opened entered made erstellt angelegt "
        "bestellt gekauft créé création creado creación creato criado aangemaakt skapad oprettet "
        "luotu utworzenia utworzono vytvořeno létrehozva oluşturma создан создания створено 作成 创建 "
        "下单 下單 생성 등록 dibuat tạo إنشاء submitted completed_at processed occurred"
    ),
    "paid": "paid bezahlt payé pagado pagato pago_em betaald betalt zapłacono zaplaceno оплачен оплаты 支払済 已付 결제일",
    "shipped": (
        "ship shipped shipping shipment deliver delivered delivery dispatch dispatched freight postage "
        "handling versand versendet versandkosten lieferung liefer geliefert expédition livraison "
        "envío enviado entrega frete spedizione consegna verzending verzendkosten bezorging frakt "
        "leverans levering toimitus wysyłka dostawa doprava doručení szállítás livrare transport kargo "
        "teslimat доставка доставки отгрузка отгрузки αποστολή 配送 発送 送料 出荷 发货 邮费 运费 運費 배송 "
        "배송비 pengiriman ongkir vậnchuyển จัดส่ง شحن משלוח fulfilled received arrival gelieferd"
    ),
    "due": "due fällig fälligkeit échéance vencimiento scadenza vencimento vervaldatum förfallodatum termin splatnost срок payable expiry expiration expires ablauf valid until",
    "updated": "updated update modified modification changed geändert aktualisiert änderung mis_à_jour modifié actualizado modificado aggiornato atualizado gewijzigd uppdaterad изменен обновлен 更新 修改 수정 last_modified",
    "cancel": "cancel cancelled canceled cancellation void voided storniert storno annulé annulation cancelado anulado annullato geannuleerd annullerad makulerad makulerat kreditert krediterad annulleret anulowano anulat отменён stornierung zrušeno отменен отмена キャンセル 取消 취소 iptal dibatalkan",
    "refund": "refund refunded refunds return returned returns rückerstattung erstattung erstattet gutschrift retoure remboursement remboursé reembolso devolución rimborso reso restituzione terugbetaling retour återbetalning refundering zwrot vrácení visszatérítés iade возврат повернення 返金 返品 退款 退货 환불 반품 credited",
    "life": "birth birthday dob geburtsdatum geboren naissance nacimiento nascita nascimento geboorte registered registration signup sign_up joined join enrolled acquisition first last since age start end anmeldung erste letzte inscription première dernière primera última prima ultima",
    "settled": "settled settlement payout deposit available transfer auszahlung virement posted posting booked value_date",
    "total": (
        "total totals grand gesamt gesamtsumme gesamtbetrag endbetrag insgesamt sum summe overall "
        "totale totaal totalt yhteensä loppusumma razem łącznie suma celkem össz összesen toplam genel "
        "итого итог всего всього разом загальна σύνολο 合計 総額 総計 合计 总计 总额 總額 總計 총 총액 합계 "
        "keseluruhan tổng tổngcộng รวม ทั้งหมด المجموع الإجمالي إجمالي סהכ סך कुल ukupno общо"
    ),
    "amount": (
        "amount amt netwr value money betrag wert bestellwert warenwert auftragswert rechnungsbetrag montant "
        "valeur importe monto valor cantidad_total importo valore quantia bedrag waarde belopp summa "
        "värde beløb beløp arvo kwota wartość částka hodnota összeg érték sumă valoare tutar tutarı "
        "meblağ сумма стоимость сума вартість ποσό αξία 金額 代金 货款 金额 金額 额 額 금액 jumlah nominal "
        "sốtiền giátrị จำนวนเงิน ยอด المبلغ مبلغ סכום राशि मूल्य iznos сумата"
    ),
    "sales": (
        "sales sale revenue turnover spend spent gmv income proceeds umsatz erlös verkauf ventes vente "
        "chiffre_affaires ventas ingresos facturación vendite ricavi fatturato vendas receita "
        "faturamento omzet verkoop försäljning omsättning omsetning omsætning salg myynti liikevaihto "
        "sprzedaż przychód obrót tržby prodej obrat árbevétel eladás vânzări satış ciro выручка продажи "
        "оборот виручка продажі πωλήσεις έσοδα 売上 売上高 売上金額 销售额 销售 銷售額 收入 매출 매출액 판매 "
        "penjualan pendapatan doanhthu doanhsố ยอดขาย รายได้ المبيعات إيرادات מכירות बिक्री prodaja promet"
    ),
    "price": (
        "price prices rate preis stückpreis einzelpreis prix precio prezzo preço prijs pris hinta cena "
        "ceny ár egységár preț fiyat fiyatı цена ціна τιμή 価格 単価 单价 價格 价格 單價 가격 단가 harga "
        "giá đơngiá ราคา سعر السعر מחיר कीमत cijena kaufpreis verkaufspreis"
    ),
    "unit": "unit units_price each per single einzel stück unitaire unité unitario unitária unità eenheid stuk styck stk jednostkowa jednotková egység birim ед за шт 単 单 per_unit satuan",
    "subtotal": "subtotal sub_total zwischensumme sous_total subtotale subtotaal delsumma välisumma mezisoučet подытог 小計 小计 소계 ara_toplam merchandise",
    "net": "net netto nett net_amount excl exkl excluding ex hors ht neto sin senza sem 税抜 不含税",
    "gross": "gross brutto bruto brut incl inkl including inc ttc con 税込 含税",
    "tax": "tax taxes vat gst mwst ust steuer taxe tva impuesto iva imposta imposto btw moms vero podatek dph áfa kdv vergi ндс налог пдв φπα 税 消費税 税额 세금 부가세 pajak ppn thuế ภาษี ضريبة duty",
    "fee": "fee fees commission provision gebühr gebühren frais commissione comisión comissão kosten_zahlung avgift gebyr prowizja opłata poplatek komisyon комиссия 手数料 手续费 수수료 biaya processing surcharge",
    "tip": "tip tips gratuity trinkgeld pourboire propina mancia gorjeta fooi dricks チップ 小费 팁",
    "discount": "discount discounts disc rebate promotion promo coupon voucher markdown reduction rabatt nachlass skonto remise réduction descuento sconto desconto korting rabat alennus sleva kedvezmény reducere indirim скидка знижка έκπτωση クーポン 割引 値引 折扣 优惠 할인 diskon potongan giảmgiá ส่วนลด خصم הנחה छूट",
    "cost": "cost costs cogs kosten einkaufspreis coût coste costo custo kostnad kustannus koszt náklad költség maliyet себестоимость 原価 成本 원가 msrp rrp list uvp budget",
    "profit": "profit margin contribution gewinn marge bénéfice beneficio ganancia utile profitto lucro winst vinst fortjeneste zysk zisk nyereség kâr прибыль 利益 利润 이익 laba",
    "balance": "balance ポイント 积分 outstanding remaining open saldo offen solde pendiente residuo 残高 余额 잔액 остаток credit points score limit stock inventory",
    "quantity": (
        "quantity qty kwmeng fkimg quantities count pieces pcs units items menge anzahl stückzahl quantité qté "
        "cantidad unidades quantità qta quantidade qtd aantal hoeveelheid antal kvantitet antall "
        "määrä kpl ilość liczba sztuk množství počet mennyiség darab db cantitate adet miktar "
        "количество кол-во кіл-ть кількість ποσότητα τεμάχια 数量 個数 点数 件数 數量 수량 개수 "
        "kuantitas qty_ordered sốlượng จำนวน كمية الكمية כמות मात्रा količina брой"
    ),
    "product": (
        "product products matnr sku skus asin article articles stock_code stockcode item description title "
        "style variant isbn ean upc plu material artikel produkt ware bezeichnung beschreibung produit "
        "désignation producto artículo descripción prodotto articolo descrizione produto artigo "
        "descrição omschrijving vara beskrivning vare tuote towar produktu zboží položka termék ürün "
        "товар артикул продукт номенклатура описание προϊόν 商品 品名 品番 产品 宝贝 货号 상품 제품 품목 "
        "produk barang sảnphẩm สินค้า منتج מוצר उत्पाद proizvod service course plan movie book"
    ),
    "category": (
        "category categories department dept productline product_line group segment collection brand "
        "kategorie warengruppe abteilung sparte catégorie rayon famille categoría departamento categoria "
        "reparto categorie afdeling kategori osasto kategoria dział kategória oddělení категория отдел "
        "категорія κατηγορία カテゴリ 部門 分類 类别 分类 카테고리 부서 kategori_produk danhmục หมวดหมู่"
    ),
    "currency": "currency waerk waers currencies ccy cur curr währung devise moneda valuta moeda munt waluta měna pénznem monedă para_birimi birimi валюта νόμισμα 通貨 货币 币种 幣別 통화 matauang tiềntệ iso_currency",
    "status": (
        "status state_of stage phase stand zustand statut état estado stato situação situacao toestand "
        "tila stan stav állapot stare durum статус состояние стан κατάσταση ステータス 状態 状態 状态 狀態 "
        "상태 trạngthái สถานะ حالة סטטוס स्थिति orderstatus"
    ),
    "financial": "paymentstate orderpaymentstate financialstate financial payment_status finance zahlungsstatus paymentstatus",
    "fulfilment": "fulfillmentstate fulfillment fulfilment versandstatus lieferstatus shippingstatus deliverystatus",
    "kind": "type kind event action activity transaction_type eventtype event_type typ typ_transakcji tipo genre operation vorgangsart belegart art soort tür вид тип тип_операции τύπος 種別 類型 类型 유형 구분 jenis loại ประเภท",
    "test": "test testing dummy sandbox testbestellung livemode",
    "flag": "is has flag was ist wurde",
    "year": "year jahr année año anno ano jaar år vuosi rok év an yıl год рік έτος 年 연도 tahun năm ปี",
    "month": "month monat mois mes mese mês maand månad måned kuukausi miesiąc měsíc hónap lună ay месяц місяць μήνας 月 월 bulan tháng เดือน",
    "day": "day daynum day_of_month",
    "week": "week woche semaine semana settimana vecka uge uke viikko tydzień týden hét hafta неделя 週 周 주차 minggu kw",
    "billing": "billing billed",
    "neutral": "the of for de del della du des la le el da do der die das des von van and y e et und column field col raw full main local original usd eur gbp base purchased shop s utc gmt in a bei för di at on am as",
}
