"""Names under which the fields of the standard layers stand in real files, by field key.

Sources: the header aliases of communities' files, the planning database (order of Minregion No. 56 of 22.02.2022),
data.gov.ua structures (CMU resolution 835), exports of Digitals, GIS 6 and the cadastre, OpenStreetMap. Writings of
one name that differ in case, spaces, apostrophes or transliteration need no entry of their own
(`importers.letters.words_of`).
"""

SYNONYMS: dict[str, tuple[str, ...]] = {
    # Codes and identifiers
    "cad_num": (
        "кадастровий номер", "кадастровый номер", "кад номер", "кад №", "кадномер", "кадастровий №",
        "cadnum", "cad_num", "cad num", "kadnum", "kad_nom", "kad_num", "kadnomer", "cadastral number",
        "cadastral_number", "cadastre number", "cadnumber", "kn", "кн", "ukrcadnum", "parcel number",
        "kadastrovyi nomer ділянки", "кадастровий номер земельної ділянки", "cadastral id", "cad_nomer",
        "kadastr",
    ),
    "katottg": (
        "катоттг", "код катоттг", "katotth", "katottg", "CATUTTC", "atuCode", "atu_code", "katottg code",
        "кодифікатор", "код адміністративно-територіальної одиниці", "код атто", "adm code", "cod_3",
        "cod_4", "hromada_code", "код громади", "kod katottg", "settlement code", "код населеного пункту",
        "ato code",
    ),
    "koatuu": (
        "коатуу", "код коатуу", "koatuu", "koatu", "koatuu_old", "kod koatuu", "код за коатуу", "atu",
    ),
    "zon_id": ("zone_id", "zon_id", "ідентифікатор зони", "номер зони", "zoneid"),
    "node_id": ("id вузла", "номер вузла", "node", "nodeid", "node id", "id"),
    "span_id": ("id траси", "номер траси", "номер лінії", "span", "spanid", "id"),
    "account_no": (
        "обліковий номер", "облік номер", "shelterid", "shelter id", "номер споруди", "інвентарний номер",
        "реєстраційний номер", "номер укриття", "account number", "accountno", "облікова картка",
        "№ споруди",
    ),
    "pole_no": (
        "номер опори", "опора", "№ опори", "pole", "pole number", "nomer opory", "номер світильника",
    ),
    "decision_no": (
        "номер рішення", "№ рішення", "рішення", "decision", "decision number", "номер документа",
    ),
    "road_index": ("індекс дороги", "номер дороги", "road number", "ref", "індекс автодороги", "road_ref"),
    # Names and places
    "name_uk": (
        "назва", "найменування", "name", "nazva", "name:uk", "name_ua", "nameua", "назва українською",
        "повна назва", "повне найменування", "назва закладу", "найменування закладу", "назва об'єкта",
        "найменування об'єкта", "legal_entity_name", "название", "наименование", "title", "naimen",
        "naimenuvannia", "full name of institution", "admin_3", "adm3_ua", "adm4_ua", "nazvanie",
        "назва вулиці", "street name", "organization name", "institution",
    ),
    "name": (
        "назва", "найменування", "name", "nazva", "name_uk", "назва вузла", "название", "наименование",
    ),
    "name_en": (
        "name:en", "name_en", "nameen", "назва англійською", "english name", "adm3_en", "adm4_en",
        "name_lat",
    ),
    "title": (
        "назва", "назва документа", "назва документації", "найменування", "name", "title", "nazva",
        "name_uk",
    ),
    "address": (
        "адреса", "адрес", "address", "adresa", "adres", "addr", "місцезнаходження", "юридична адреса",
        "addr:full", "фактична адреса", "місце розташування", "розташування об'єкта",
        "registration_address", "adress", "full address", "поштова адреса", "адреса закладу",
        "адреса об'єкта", "місцезнаходження (юридична адреса)", "addressdescription",
        "mistseznakhodzhennia", "parcel address", "адреса земельної ділянки",
    ),
    "source_obj": ("об'єкт", "джерело обмеження", "source object", "назва об'єкта", "name", "назва"),
    # Land
    "purpose_code": (
        "цільове призначення", "код цільового призначення", "кцп", "квцпз", "purpose", "purpose code",
        "pur_code", "cv", "purpose_cod", "цільове", "tsilove pryznachennia", "cilove", "код квцпз",
        "код увікцвпзд", "land purpose", "целевое назначение", "purposecode", "призначення (код)",
        "код призначення",
    ),
    "category": (
        "категорія земель", "категорія", "category", "kategoria", "код категорії", "land category",
        "категория земель", "категорія населеного пункту", "категорія об'єкта", "тип населеного пункту",
        "place",
    ),
    "use_text": (
        "використання", "вид використання", "use", "use_text", "фактичне використання", "landuse", "угіддя",
        "vykorystannia", "цільове використання", "назва цільового призначення", "purpose text",
        "purpose name",
    ),
    "ownership": (
        "форма власності", "власність", "ownership", "ownersh", "pf", "forma vlasnosti", "vlasnist",
        "код власності", "форма собственности", "ownership form", "ownership code", "form_vlasn",
        "тип власності", "ownershipcode",
    ),
    "area_doc_ha": (
        "площа", "площа за документами", "area", "area_l", "plosha", "ploshcha", "площа га",
        "площа ділянки", "площадь", "документальна площа", "area_ha", "area_doc", "area ha", "square",
        "площа земельної ділянки", "area_doc_ha", "s_ha", "площа, га", "площа, м2", "площа кв м", "size",
        "area_m2",
    ),
    "area_ha": (
        "площа", "площа га", "area", "area_ha", "plosha", "площа, га", "площадь", "area ha",
        "shape_area_ha", "s_ha",
    ),
    "area_m2": (
        "площа", "площа м2", "площа, кв м", "area", "area_m2", "площа забудови", "площа приміщення",
        "plosha", "площадь", "загальна площа", "area_text", "корисна площа", "площа укриття", "площа, м2",
        "total area",
    ),
    "area_km2": ("площа", "площа км2", "area", "area_sqkm", "area_km2", "площа, кв км", "plosha"),
    "location": (
        "розташування", "місце розташування", "location", "parcellocation", "parcel location",
        "у межах населеного пункту",
    ),
    "nmv_uah": (
        "нго", "нормативна грошова оцінка", "нормативно грошова оцінка", "ngo", "valuation",
        "valuation_value", "nmv", "грошова оцінка", "оцінка", "вартість", "ngo_grn",
        "normatyvna hroshova otsinka",
    ),
    "nmv_date": ("дата оцінки", "дата нго", "valuation_date", "nmv_date", "date of valuation"),
    "lease_state": ("оренда", "стан оренди", "lease", "orenda", "в оренді"),
    "lease_until": (
        "оренда до", "термін оренди", "строк оренди", "дата закінчення оренди", "lease until", "lease_end",
        "діє до",
    ),
    # Buildings, roads, networks
    "use": (
        "призначення", "призначення будівлі", "use", "building", "тип будівлі", "функція", "building use",
    ),
    "floors": (
        "поверхів", "поверховість", "кількість поверхів", "поверхи", "floors", "levels", "building:levels",
        "stores", "storeys",
    ),
    "built_year": (
        "рік побудови", "рік будівництва", "year built", "built", "year_built", "rik pobudovy",
        "start_date",
    ),
    "road_class": (
        "клас дороги", "клас", "категорія дороги", "class", "highway", "road class", "значення дороги",
        "fclass",
    ),
    "surface": (
        "покриття", "тип покриття", "surface", "pokryttia", "вид покриття", "матеріал покриття", "покрытие",
    ),
    "width_m": ("ширина", "ширина м", "width", "shyryna", "ширина проїзної частини", "ширина, м"),
    "lanes": ("смуг", "кількість смуг", "смуги руху", "lanes", "число смуг"),
    "lit": ("освітлення", "освітленість", "lit", "наявність освітлення", "lighting"),
    "condition": ("стан", "технічний стан", "condition", "оцінка стану", "stan"),
    "repair_year": ("рік ремонту", "останній ремонт", "repair year", "рік капітального ремонту"),
    "owner": ("власник", "балансоутримувач", "owner", "балансоутримувач дороги"),
    "length_m": (
        "довжина", "протяжність", "length", "dovzhyna", "довжина м", "довжина, м", "length_km",
        "протяжність, км", "shape_leng", "длина",
    ),
    "voltage_kv": ("напруга", "voltage", "напруга кв", "напруга, кВ", "napruha", "клас напруги"),
    "laying": ("прокладання", "спосіб прокладання", "laying", "тип прокладання"),
    "operator": (
        "оператор", "operator", "оператор мережі", "постачальник", "provider", "експлуатуюча організація",
        "хто утримує", "надавач", "власник мережі", "утримувач",
    ),
    "diameter_mm": ("діаметр", "діаметр мм", "diameter", "diam", "діаметр, мм", "du", "ду"),
    "material": ("матеріал", "матеріал труби", "material", "материал"),
    "depth_m": ("глибина", "глибина закладання", "depth", "глибина, м"),
    "year": ("рік", "рік прокладання", "рік введення", "year", "рік введення в експлуатацію"),
    "state": ("стан", "технічний стан", "state", "stan", "статус", "condition", "справність"),
    "electrified": ("електрифікована", "електрифікація", "electrified"),
    "obj_type": ("тип", "вид", "тип об'єкта", "type", "object type", "вид мережі"),
    "lamp": ("лампа", "тип лампи", "lamp", "тип світильника", "джерело світла", "lamp type"),
    "power_w": ("потужність", "потужність вт", "power", "watt", "потужність, Вт", "мощность"),
    # Facilities, shelters, service points
    "kind": (
        "вид", "тип", "тип закладу", "вид закладу", "kind", "type", "typ", "vyd", "amenity",
        "категорія закладу", "тип об'єкта", "care_type", "waterway", "вид об'єкта", "facility type",
        "institution type", "тип цнап", "natural",
    ),
    "owner_form": (
        "форма власності", "власність", "property_type", "ownership", "forma vlasnosti",
        "форма собственности",
    ),
    "capacity": (
        "місткість", "кількість місць", "місць", "capacity", "ліцензовані обсяги", "проєктна потужність",
        "вместимость", "розрахункова місткість", "ліжок", "мисткість", "проектна потужність",
        "кількість осіб", "seats",
    ),
    "occupancy": (
        "відвідує", "кількість учнів", "кількість дітей", "учнів", "occupancy", "контингент", "attendance",
        "pupils",
    ),
    "opening_hours": (
        "графік роботи", "режим роботи", "години роботи", "opening hours", "opening_hours", "графік",
        "графік прийому", "розклад", "час роботи", "schedule", "hours", "hrafik roboty", "график работы",
    ),
    "phone": (
        "телефон", "тел", "phone", "telefon", "contact phone", "номер телефону", "контактний телефон",
        "тел.",
    ),
    "entrance": (
        "безбар'єрний вхід", "вхід", "пандус", "entrance", "wheelchair",
        "вільний (безперешкодний) вхід або пандус",
    ),
    "accessibility": (
        "безбар'єрність", "доступність", "accessibility", "wheelchair", "пандус",
        "доступність для маломобільних груп", "вільний (безперешкодний) вхід або пандус",
        "доступність для осіб з інвалідністю", "інклюзивність",
    ),
    "backup_power": (
        "резервне живлення", "генератор", "backup power", "альтернативне живлення", "generator",
    ),
    "power_backup": (
        "резервне живлення", "генератор", "backup power", "альтернативне джерело живлення", "generator",
    ),
    "power": ("живлення", "генератор", "power", "джерело живлення", "електроживлення"),
    "internet": ("інтернет", "internet", "зв'язок", "наявність інтернету", "wifi", "internet access"),
    "internet_tech": ("інтернет", "technology", "зв'язок", "тип інтернету", "internet"),
    "public_wifi": (
        "вільний wi-fi", "wi-fi", "wifi", "наявність wi-fi", "безкоштовний wi-fi", "public wifi",
    ),
    "services": (
        "послуг", "кількість послуг", "services", "перелік послуг",
        "кількість послуг згідно переліку РКМУ 523 за звітний квартал",
    ),
    "next_visit": ("наступний виїзд", "дата виїзду", "next visit"),
    "shelter_type": (
        "тип укриття", "вид укриття", "тип споруди", "sheltertype", "shelter type", "тип захисної споруди",
        "вид захисної споруди", "тип", "вид", "type", "kind",
    ),
    "entrances": ("входів", "кількість входів", "entrances"),
    "round_clock": ("цілодобово", "цілодобовий доступ", "round the clock", "24/7"),
    "ventilation": ("вентиляція", "ventilation", "наявність вентиляції"),
    "water": ("вода", "водопостачання", "water", "наявність води"),
    "toilet": ("туалет", "санвузол", "вбиральня", "toilet", "обладнана санітарна кімната"),
    "heat": ("тепло", "опалення", "heat", "heating"),
    "first_aid": ("аптечка", "first aid", "медична допомога"),
    "ready": (
        "готовність", "стан готовності", "ready", "готовність до використання", "readiness", "придатність",
    ),
    "last_check": ("остання перевірка", "дата перевірки", "last check", "дата огляду", "checked"),
    # Planning, restrictions, connectivity
    "zone_code": (
        "код зони", "зона", "функціональна зона", "zone", "zone code", "zonecode", "code", "тип зони",
    ),
    "zone_code_existing": ("наявна зона", "зона існуюча", "існуюча зона", "existing zone", "zone_in"),
    "pr_st": ("pr_st", "зміна функції", "проектний стан"),
    "max_cover_pct": ("bld_coef", "відсоток забудови", "щільність забудови", "max cover"),
    "max_floors": ("stores", "поверховість", "гранична поверховість", "max floors"),
    "max_height_m": ("height", "висота", "гранична висота", "max height"),
    "min_green_pct": ("gr_per", "озеленення", "відсоток озеленення"),
    "doc_type": ("вид документації", "тип документації", "тип документа", "doc type", "document type"),
    "decision_date": ("дата рішення", "дата затвердження", "decision date", "дата документа"),
    "status": ("статус", "стан", "status", "stan", "статус об'єкта"),
    "scale": ("масштаб", "scale", "mashtab"),
    "code": ("код обмеження", "код", "restriction code", "restrictioncode", "code", "res_code", "код зоуз"),
    "basis": ("підстава", "basis", "правова підстава"),
    "permanent": ("безстроково", "постійне", "permanent"),
    "tech": ("технологія", "technology", "tech", "технологія доступу"),
    "declared_down_mbps": (
        "швидкість", "download", "швидкість завантаження", "down", "mbps", "швидкість до абонента",
    ),
    "declared_up_mbps": ("upload", "швидкість відвантаження", "up", "швидкість від абонента"),
    "households_passed": ("домогосподарств", "кількість домогосподарств", "households"),
    "source": ("джерело", "source", "джерело даних"),
    "node_type": ("тип вузла", "тип", "type", "node type"),
    "backup_h": ("резерв годин", "робота без мережі", "backup hours"),
    "role": ("роль", "role", "рівень мережі"),
    "start_node": ("від вузла", "початок", "start", "a", "from", "start node"),
    "end_node": ("до вузла", "кінець", "end", "b", "to", "end node"),
    "deployment": ("прокладання", "спосіб прокладання", "deployment"),
    "fibre_type": ("тип волокна", "fibretype", "fibre type", "fiber type"),
    "fibre_count": ("волокон", "кількість волокон", "fibrecount", "fibers", "fibre count"),
    # Population and nature
    "population": (
        "населення", "чисельність населення", "кількість населення", "population", "naselennia", "жителів",
        "population_2022", "кількість жителів", "население",
    ),
    "houses": ("садиб", "дворів", "кількість дворів", "houses", "домогосподарств"),
    "cover": ("вид угідь", "покрив", "landcover", "land cover", "угіддя", "cover"),
}  # fmt: skip
