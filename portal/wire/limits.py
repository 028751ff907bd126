"""The deck's numbers and the limits of what crosses a border, each with its requirement or its reason."""

from typing import Final

# From the deck
UNREAD_KEPT_YEARS: Final = 1
"""FLD-3: records and self-information that were not read are deleted so long after their retrieval."""
MAIL_ADDRESSES_MAX: Final = 2
"""ACC-4."""
AUTH_PIN_DIGITS: Final = 4
"""ACC-1."""

HISTORY_IN_FILE_MAX: Final = 10_000
"""Lines of one file, the newest."""
HISTORY_KEPT_MONTHS: Final = 15
"""HIS-3."""
PROXY_YEARS_MAX: Final = 2
"""PRX-5."""
MAIL_CODE_DIGITS: Final = 6
"""ACC-4: an address is confirmed by a code of so many digits."""

# Our own
PROXIES_OF_ACCOUNT_MAX: Final = 100
"""PRX-2 sets no number: so many at a time act for one account, and for so many acts one."""
PROXIES_SHOWN_MAX: Final = 2 * PROXIES_OF_ACCOUNT_MAX
"""On each side of a list: all that are in force, and the newest of those that are over."""
PROXY_INFORMATION_MAX: Final = 1_000
"""Kinds of information that may be ticked; the catalogue is far smaller."""
PROXY_MEMO_CHARACTERS_MAX: Final = 500
PROXY_WARN_DAYS: Final = 30
PROXY_WARN_DAYS_MAX: Final = 365
"""PRX-6 sets no time: the owner does, a month unless told otherwise."""
PROXY_STARTS_IN_DAYS_MAX: Final = 90
"""Both are here today: what begins much later is a slip of the hand."""
MAIL_CODE_SECONDS: Final = 60 * 60
"""How long a code can be typed in: a mail may take its time, and its reader too."""
MAIL_CODE_TRIES_MAX: Final = 5
"""Of a million codes five can be guessed: one chance in 200,000."""
MAIL_CODE_PAUSE_SECONDS: Final = 60
"""Between two codes to one address."""
MAIL_CODES_A_DAY_MAX: Final = 10
"""For one account: nobody fills another's mailbox from here."""
STAFF_SESSION_IDLE_SECONDS: Final = 15 * 60
STAFF_SESSION_SECONDS_MAX: Final = 8 * 60 * 60
STAFF_TRIES_MAX: Final = 5
"""Wrong passwords in a row, after which a staff account waits."""
STAFF_ACTIONS_DAYS = 460
"""操作記録 of staff: as long as a citizen's own history, 15 months, and a little more."""
STAFF_LOCK_SECONDS: Final = 15 * 60
INQUIRY_CHARACTERS_MAX: Final = 2_000
INQUIRIES_OF_ACCOUNT_MAX: Final = 50
"""Inquiries that one account may have, answered or not."""
INQUIRY_KEPT_YEARS: Final = 1
"""After its answer; the deck sets no time, and this is that of other answers (FLD-3)."""
NICKNAME_CHARACTERS_MAX: Final = 30
"""ACC-3 sets no length; it stands in the head of every page, on a phone too."""
MAIL_ADDRESS_CHARACTERS_MAX: Final = 254
"""RFC 5321 4.5.3.1.3."""
CHALLENGE_SECONDS: Final = 300
"""A challenge is good for so long: time to find the card and type a PIN twice."""
SESSION_IDLE_SECONDS: Final = 30 * 60
SESSION_IDLE_SHARED_SECONDS: Final = 3 * 60
"""ACC-7: at a terminal where strangers come next."""
SESSION_SECONDS_MAX: Final = 12 * 60 * 60
FIRST_TIME_SECONDS: Final = 30 * 60
"""How long somebody without an account may take to choose a nickname."""
SESSIONS_FOR_ACCOUNT_MAX: Final = 10
RECORDS_KEPT_YEARS: Final = 7
"""DOMAIN.md 1."""
RECORDS_IN_ANSWER_MAX: Final = 2_000
SELECTIONS_MAX: Final = 50
"""Items of self-information in one request."""
INBOX_ON_PAGE_MAX: Final = 100
INBOX_SEARCHED_MAX: Final = 200
"""Things of a folder that one search for words unseals: then the next page goes on."""
REQUESTS_OPEN_MAX: Final = 500
"""Disclosure requests that one account may have in its folder at a time."""
CERTIFICATE_BYTES_MAX: Final = 4096
SIGNATURE_BYTES_MAX: Final = 512
SEARCH_TEXT_CHARACTERS_MAX: Final = 100
DELIVERY_BYTES_MAX: Final = 2 * 1024 * 1024
"""A late answer from the network or an intermediate server."""
GUIDANCE_CHARACTERS_MAX: Final = 1_000
"""What a holder says in place of an answer."""
ATTACHMENT_BYTES_MAX: Final = 1024 * 1024
"""A related document (SELF-8) that the portal hands out; a larger one is named, and asked for at the counter."""
ATTACHMENTS_SHOWN_MAX: Final = 20
DOCUMENTS_AT_ONCE_MAX: Final = 2
"""PDF files that are laid out at the same time, each in a thread."""
DOCUMENT_SECONDS_MAX: Final = 20.0
"""How long a user waits for a PDF file."""
DOCUMENTS_WAITING_MAX: Final = 20
"""Users who wait for one; the next one is asked to come again."""
ASKING_AGAIN_DAYS_MAX: Final = 30
"""Every request ends: after so long without any answer the folder guides the user to paper."""
IMMEDIATE_WAIT_SECONDS: Final = 3.0
"""How long the user's request stays open for an answer that is already on its way."""
CORE_DEADLINE_SECONDS: Final = 5.0
"""How long a system waits for another before "cannot answer now"."""
NOTICE_TITLE_CHARACTERS_MAX: Final = 100
NOTICE_TEXT_CHARACTERS_MAX: Final = 10_000
NOTICE_OWN_TEXT_CHARACTERS_MAX: Final = 2_000
"""What a bulk file may say to one recipient alone."""
NOTICE_URL_CHARACTERS_MAX: Final = 2_000
NOTICE_ATTACHMENTS_MAX: Final = 3
NOTICE_ATTACHMENT_BYTES_MAX: Final = 400 * 1024
"""Three of them, in base64, fit into one delivery."""
NOTICE_KEPT_YEARS_MAX: Final = 5
"""FLD-4 leaves the retention to the sender; a date much later is a slip of the hand."""
NOTICES_IN_BATCH_MAX: Final = 500
"""Notices that cross a border in one message: what one costs is shared, what is lost is sent again whole."""
NOTICES_ON_PAGE_MAX: Final = 100
NOTICES_COUNTED_MAX: Final = 100
"""Unopened notices are counted no further: beyond it a page says "so many or more"."""
QUESTIONS_MAX: Final = 20
CHOICES_MAX: Final = 20
CHOICE_CHARACTERS_MAX: Final = 100
ANSWER_CHARACTERS_MAX: Final = 1_000
MARKS_IN_ANSWER_MAX: Final = 1_000
"""Opened marks, and answers, that one poll brings back."""
