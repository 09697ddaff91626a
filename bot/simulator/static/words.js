// Words of the page (Dutch, or English by the switch) and words of the phones themselves.

const PAGE = {
  nl: {
    skip: "Naar de telefoons",
    explain:
      "Een coach en nieuwkomers praten met elkaar, ieder in de eigen taal. Typ op een telefoon of tik een zin aan, en kijk wat er op de andere telefoon aankomt. Laat de tijd lopen voor de herinneringen.",
    clock: "Klok van de demo",
    demoTime: "tijd in deze demo",
    steps: "Laat de tijd lopen",
    hour: "+1 uur",
    day: "+1 dag",
    next: "Naar de volgende gebeurtenis",
    nothing: "niets gepland",
    busy: "de tijd loopt…",
    pageLanguage: "Taal van deze pagina",
    tabs: "Telefoons",
    foot: "Alle mensen zijn verzonnen. De pagina draait op deze computer en laadt niets van buiten. Met het toetsenbord: Tab naar een gesprek, pijltjes om een bericht te kiezen, Enter voor de knoppen van dat bericht, R om te antwoorden.",
    lost: "De verbinding met de demo is weg. Draait het programma nog? De pagina probeert het steeds opnieuw.",
    notSent: "Niet gelukt: {why}",
    noServer: "de demo antwoordt niet",
    gone: "dat bericht of die knop is er niet meer",
    tooLarge: "dit bestand is te groot",
    pinned: "Vastgemaakt bericht",
    phoneOf: "Telefoon van {name}",
    messagesOf: "Berichten op de telefoon van {name}",
    newOn: "Telefoon van {name}:",
    unread: "{n} ongelezen",
    send: "Versturen",
    attach: "Foto, bestand of locatie sturen",
    pickPhoto: "Foto kiezen",
    samplePhoto: "Voorbeeldfoto",
    pickFile: "Bestand kiezen",
    sampleFile: "Voorbeeldbestand",
    location: "Locatie",
    voice: "Spraakbericht opnemen (een voorbeeldgeluid)",
    voiceSend: "Spraakbericht versturen",
    voiceCancel: "Opname weggooien",
    keyboard: "Knoppen tonen of verbergen",
    commands: "Menu van de bot",
    options: "Meer over dit bericht",
    phoneMenu: "Meer over dit gesprek",
    reply: "Antwoorden",
    edit: "Bewerken",
    delete: "Verwijderen",
    copy: "Kopiëren",
    react: "Reageren met {emoji}",
    block: "Bot blokkeren",
    unblock: "Blokkering opheffen",
    cancel: "Annuleren",
    toBottom: "Naar het laatste bericht",
    jump: "Ga naar het bericht waarop dit een antwoord is",
    play: "Afspelen",
    pause: "Pauze",
    noPlay: "Dit geluid kan niet worden afgespeeld.",
    download: "Bestand downloaden: {name}",
    openPhoto: "Foto groot tonen",
    close: "Sluiten",
    hidden: "Verborgen tekst tonen",
    tapToSend: "tik om te sturen",
    openInvite: "Open de uitnodiging op de telefoon van {name}",
    scan: "Tik op de code of de link",
    letterHint: "Hieronder ligt de brief met de uitnodiging. Tik op de code om het gesprek te openen.",
    emptyHint: "Nog geen berichten",
    loading: "De telefoons worden klaargezet…",
    noPhones: "Er zijn nog geen telefoons in deze demo.",
    mapOf: "Kaart met speld, {where}",
    waiting: "wordt beantwoord",
    ok: "OK",
  },
  en: {
    skip: "To the phones",
    explain:
      "A coach and newcomers talk, each in their own language. Type on a phone or tap a sentence, and see what arrives on the other phone. Let time pass to see the reminders.",
    clock: "Clock of the demo",
    demoTime: "time in this demo",
    steps: "Let time pass",
    hour: "+1 hour",
    day: "+1 day",
    next: "To the next event",
    nothing: "nothing planned",
    busy: "time is passing…",
    pageLanguage: "Language of this page",
    tabs: "Phones",
    foot: "All people are invented. The page runs on this computer and loads nothing from outside. By keyboard: Tab to a conversation, arrow keys to choose a message, Enter for its buttons, R to reply.",
    lost: "The connection to the demo is gone. Is the program still running? The page keeps trying.",
    notSent: "That did not work: {why}",
    noServer: "the demo does not answer",
    gone: "that message or button is no longer there",
    tooLarge: "this file is too large",
    pinned: "Pinned message",
    phoneOf: "Phone of {name}",
    messagesOf: "Messages on the phone of {name}",
    newOn: "Phone of {name}:",
    unread: "{n} unread",
    send: "Send",
    attach: "Send a photo, file or location",
    pickPhoto: "Choose a photo",
    samplePhoto: "Sample photo",
    pickFile: "Choose a file",
    sampleFile: "Sample file",
    location: "Location",
    voice: "Record a voice message (a sample sound)",
    voiceSend: "Send the voice message",
    voiceCancel: "Discard the recording",
    keyboard: "Show or hide the buttons",
    commands: "Menu of the bot",
    options: "More about this message",
    phoneMenu: "More about this conversation",
    reply: "Reply",
    edit: "Edit",
    delete: "Delete",
    copy: "Copy",
    react: "React with {emoji}",
    block: "Block the bot",
    unblock: "Unblock the bot",
    cancel: "Cancel",
    toBottom: "To the last message",
    jump: "Go to the message this answers",
    play: "Play",
    pause: "Pause",
    noPlay: "This sound cannot be played.",
    download: "Download file: {name}",
    openPhoto: "Show the photo large",
    close: "Close",
    hidden: "Show hidden text",
    tapToSend: "tap to send",
    openInvite: "Open the invitation on the phone of {name}",
    scan: "Tap the code or the link",
    letterHint: "The letter with the invitation lies below. Tap the code to open the conversation.",
    emptyHint: "No messages yet",
    loading: "The phones are being set out…",
    noPhones: "There are no phones in this demo yet.",
    mapOf: "Map with a pin, {where}",
    waiting: "is being answered",
    ok: "OK",
  },
};

const PHONE = {
  en: {
    bot: "bot", typing: "typing…", edited: "edited", today: "Today", yesterday: "Yesterday", menu: "Menu",
    photo: "Photo", voice: "Voice message", document: "File", location: "Location", contact: "Contact",
    poll: "Poll", video: "Video", audio: "Audio", forwarded: "Forwarded from", you: "You",
    placeholder: "Message", start: "START", reply: "Reply", edit: "Edit", delete: "Delete", copy: "Copy",
    phrases: "Sentences", unblock: "UNBLOCK",
  },
  nl: {
    bot: "bot", typing: "schrijft…", edited: "bewerkt", today: "Vandaag", yesterday: "Gisteren", menu: "Menu",
    photo: "Foto", voice: "Spraakbericht", document: "Bestand", location: "Locatie", contact: "Contact",
    poll: "Peiling", video: "Video", audio: "Geluid", forwarded: "Doorgestuurd van", you: "U",
    placeholder: "Bericht", start: "START", reply: "Antwoorden", edit: "Bewerken", delete: "Verwijderen",
    copy: "Kopiëren", phrases: "Zinnen", unblock: "DEBLOKKEREN",
  },
  ar: {
    bot: "بوت", typing: "يكتب…", edited: "معدّلة", today: "اليوم", yesterday: "أمس", menu: "القائمة",
    photo: "صورة", voice: "رسالة صوتية", document: "ملف", location: "موقع", contact: "جهة اتصال",
    poll: "استطلاع", video: "فيديو", audio: "ملف صوتي", forwarded: "محوّلة من", you: "أنت",
    placeholder: "رسالة", start: "ابدأ", reply: "رد", edit: "تعديل", delete: "حذف", copy: "نسخ",
    phrases: "جمل", unblock: "إلغاء الحظر",
  },
  fa: {
    bot: "ربات", typing: "در حال نوشتن…", edited: "ویرایش‌شده", today: "امروز", yesterday: "دیروز", menu: "منو",
    photo: "عکس", voice: "پیام صوتی", document: "فایل", location: "موقعیت مکانی", contact: "مخاطب",
    poll: "نظرسنجی", video: "ویدیو", audio: "فایل صوتی", forwarded: "هدایت‌شده از", you: "شما",
    placeholder: "پیام", start: "شروع", reply: "پاسخ", edit: "ویرایش", delete: "حذف", copy: "کپی",
    phrases: "جمله‌ها", unblock: "رفع مسدودیت",
  },
  ti: {
    bot: "ቦት", typing: "ይጽሕፍ ኣሎ…", edited: "ተኣሪሙ", today: "ሎሚ", yesterday: "ትማሊ", menu: "ዝርዝር",
    photo: "ስእሊ", voice: "ናይ ድምጺ መልእኽቲ", document: "ፋይል", location: "ቦታ", contact: "ኣድራሻ ሰብ",
    poll: "መጽናዕቲ", video: "ቪድዮ", audio: "ድምጺ", forwarded: "ዝተላእከ ካብ", you: "ንስኹም",
    placeholder: "መልእኽቲ", start: "ጀምር", reply: "መልሲ", edit: "ኣርም", delete: "ደምስስ", copy: "ቅዳሕ",
    phrases: "ምሉእ ሓሳባት", unblock: "ዕገዳ ኣልዕል",
  },
};

const KEPT = "taalbrug.page.language";

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // storage can be switched off in the browser
  }
}

let language = kept() === "en" ? "en" : "nl";

export const pageLanguage = () => language;

export function setPageLanguage(value) {
  language = value === "en" ? "en" : "nl";
  try {
    localStorage.setItem(KEPT, language);
  } catch {
    // the choice then lasts until the page is closed
  }
}

/** A word of the page, with {name} places filled. */
export function t(key, values = {}) {
  return (PAGE[language][key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The BCP 47 tag of a phone ("ar_SY" becomes "ar-SY"). */
export const tagOf = (phone) => (phone.language_code || "en").replace("_", "-");

// The server fills in English where the demo names no word; the page may know a better one.
const PLAIN = { placeholder: "Message", start: "START", reply: "Reply", edit: "Edit", phrases: "Phrases" };

/** A word of the phone itself, in the language of its owner. */
export function phoneWord(phone, key) {
  const own = PHONE[tagOf(phone).split("-")[0]] ?? PHONE.en;
  const given = phone.labels?.[key];
  return (given === PLAIN[key] ? null : given) || own[key] || PHONE.en[key] || key;
}

const ENDONYMS = { nl: "Nederlands", en: "English", ar: "العربية", fa: "فارسی", ti: "ትግርኛ", "fa-AF": "دری" };

/** The name of a language in that language. */
export function endonym(tag) {
  if (ENDONYMS[tag] ?? ENDONYMS[tag.split("-")[0]]) return ENDONYMS[tag] ?? ENDONYMS[tag.split("-")[0]];
  try {
    return new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
