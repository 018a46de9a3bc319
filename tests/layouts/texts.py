"""Texts in many scripts, written for these tests: what tokenizers are trained on, and what they must read alike."""

from __future__ import annotations

from itertools import product

# A subject, an action and a place in each of some languages; joined they give text to train a vocabulary on.
_PARTS: tuple[tuple[str, str, str], ...] = (
    ("the old teacher|my neighbour|a small bird", "reads a letter|sings quietly|waits for rain", "near the river|at home|in the market"),
    ("der alte Lehrer|meine Nachbarin|ein kleiner Vogel", "liest einen Brief|singt leise|wartet auf Regen", "am Fluss|zu Hause|auf dem Markt"),
    ("le vieux professeur|ma voisine|un petit oiseau", "lit une lettre|chante à voix basse|attend la pluie", "près du fleuve|à la maison|au marché"),
    ("el viejo maestro|mi vecina|un pájaro pequeño", "lee una carta|canta en voz baja|espera la lluvia", "cerca del río|en casa|en el mercado"),
    ("vanha opettaja|naapurini|pieni lintu", "lukee kirjettä|laulaa hiljaa|odottaa sadetta", "joen lähellä|kotona|torilla"),
    ("yaşlı öğretmen|komşum|küçük bir kuş", "mektup okuyor|sessizce şarkı söylüyor|yağmuru bekliyor", "nehrin yanında|evde|pazarda"),
    ("старый учитель|моя соседка|маленькая птица", "читает письмо|тихо поёт|ждёт дождя", "у реки|дома|на рынке"),
    ("ο παλιός δάσκαλος|η γειτόνισσά μου|ένα μικρό πουλί", "διαβάζει ένα γράμμα|τραγουδά σιγά|περιμένει τη βροχή", "κοντά στο ποτάμι|στο σπίτι|στην αγορά"),
    ("המורה הזקן|השכנה שלי|ציפור קטנה", "קורא מכתב|שרה בשקט|מחכה לגשם", "ליד הנהר|בבית|בשוק"),
    ("المعلم العجوز|جارتي|طائر صغير", "يقرأ رسالة|يغني بهدوء|ينتظر المطر", "قرب النهر|في البيت|في السوق"),
    ("बूढ़ा शिक्षक|मेरी पड़ोसन|एक छोटी चिड़िया", "चिट्ठी पढ़ता है|धीरे गाती है|बारिश की राह देखती है", "नदी के पास|घर में|बाज़ार में"),
    ("পুরনো শিক্ষক|আমার প্রতিবেশী|একটি ছোট পাখি", "চিঠি পড়েন|আস্তে গান করে|বৃষ্টির অপেক্ষা করে", "নদীর কাছে|বাড়িতে|বাজারে"),
    ("பழைய ஆசிரியர்|என் அயலார்|ஒரு சிறிய பறவை", "கடிதம் படிக்கிறார்|மெதுவாகப் பாடுகிறது|மழைக்காகக் காத்திருக்கிறது", "ஆற்றின் அருகே|வீட்டில்|சந்தையில்"),
    ("ครูเก่า|เพื่อนบ้านของฉัน|นกตัวเล็ก", "อ่านจดหมาย|ร้องเพลงเบาๆ|รอฝน", "ใกล้แม่น้ำ|ที่บ้าน|ในตลาด"),
    ("老教师|我的邻居|一只小鸟", "在读信|轻声唱歌|在等雨", "在河边|在家里|在市场上"),
    ("年老いた先生|隣の人|小さな鳥", "手紙を読む|静かに歌う|雨を待つ", "川の近くで|家で|市場で"),
    ("늙은 선생님|내 이웃|작은 새", "편지를 읽는다|조용히 노래한다|비를 기다린다", "강가에서|집에서|시장에서"),
    ("მოხუცი მასწავლებელი|ჩემი მეზობელი|პატარა ჩიტი", "წერილს კითხულობს|ჩუმად მღერის|წვიმას ელოდება", "მდინარესთან|სახლში|ბაზარში"),
    ("người thầy già|hàng xóm của tôi|một con chim nhỏ", "đọc thư|hát khẽ|chờ mưa", "gần sông|ở nhà|ngoài chợ"),
    ("mwalimu mzee|jirani yangu|ndege mdogo", "anasoma barua|anaimba polepole|anasubiri mvua", "karibu na mto|nyumbani|sokoni"),
)  # fmt: skip
TRAINING = tuple(
    " ".join(parts) for language in _PARTS for parts in product(*(part.split("|") for part in language))
)
# What normalisers treat in their own ways: widths, ligatures, fractions, ellipses, marks, joiners, spaces.
ODD = (
    "ＡＢＣ　１２３ ｱｲｳ ﹙full width﹚",
    "wait… ½ cup, ² metres, ﬁne ﬂour №5 ℃",
    "e\u0301cole, cafe\u0301, n\u0303, a\u030a vs. école, café, ñ, å",
    "a\u0301\u0302 ụ̈ ǭ̂",
    "한 is 한",
    "क्‍ष and क्‌ष, می‌خواهم",
    "👩‍👩‍👧 🧑🏽‍🚀 🇫🇮 ❤️ 1️⃣",
    "กำลังไปน้ำ",
    "السَّلَامُ عَلَيْكُمْ ـــ ٣٫١٤",
    "İstanbul Iğdır ǅ ß ẞ ſ",
    "tab\there\nnew line  two   spaces ",
    " leading and trailing ",
    "\u00a0no-break\u202fnarrow\u3000wide\u2009thin",
    "soft\u00adhyphen zero\u200bwidth \ufeffmark",
    "“quotes” „low“ «angle» 'straight' ``double''",
    "— – ‐ − ～ 〜 ・ ·",
    "x² + y₃ = ⅷ ㎏ ① ㍿",
    "C++ и C# 東京タワー 3.14",
    "日本語English混ぜ書きテスト",
    "!",
    "",
)
TEXTS = (*TRAINING[::7], *ODD)
